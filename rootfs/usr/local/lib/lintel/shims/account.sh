# Read by s6-setuidgid and s6-envuidgid: who an account is. Works under dash, bash and BusyBox.

# fail SENTENCE: ends with s6's exit code for what the system does not allow.
fail() {
  echo "${0##*/}: Cannot $1" >&2
  exit 111
}

is_number() {
  case $1 in
  '' | *[!0-9]*) return 1 ;;
  esac
}

# find_account ACCOUNT (name, uid or uid:gid): sets name (empty for a number that /etc/passwd does not know), uid, gid,
# and given_gid (empty unless spelled out). A bare uid that passwd does not know has the same number as its gid.
find_account() {
  account=$1 name= uid= gid= given_gid=
  if is_number "${account%%:*}"; then uid=${account%%:*}; fi
  case $account in
  *:*)
    given_gid=${account#*:}
    if [ -z "$uid" ] || ! is_number "$given_gid"; then fail "find \"$account\": expected a name, a uid or uid:gid"; fi
    ;;
  esac
  if ! { [ -r /etc/passwd ] && look_up </etc/passwd; }; then
    # Users that only LDAP and the like know.
    look_up <<END || [ -n "$uid" ] || fail "find \"$account\": no such user"
$(getent passwd "${uid:-$account}" 2>/dev/null)
END
  fi
  gid=${given_gid:-${gid:-$uid}}
}

# Looks for the account among lines of passwd.
look_up() {
  while IFS=: read -r entry _ entry_uid entry_gid _; do
    if [ "$entry" = "$account" ] || [ "$entry_uid" = "$uid" ]; then
      if ! is_number "$entry_uid" || ! is_number "$entry_gid"; then continue; fi
      name=$entry uid=$entry_uid gid=$entry_gid
      return 0
    fi
  done
  return 1
}
