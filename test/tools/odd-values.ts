/** What every way of handing on a variable has to survive, unevaluated. */
export const ODD_VALUES: Readonly<Record<string, string>> = {
  ODD_PLAIN: 'plain',
  ODD_BLANKS: '  two  words  ',
  ODD_SINGLE: "it's",
  ODD_DOUBLE: 'say "hi"',
  ODD_BOTH: `'"'"`,
  ODD_COMMANDS: '$(touch /tmp/evaluated) `touch /tmp/evaluated`',
  ODD_REFERENCES: '$HOME ${HOME} ${HOME-x} ${',
  ODD_BACKSLASHES: '\\ \\n \\\\ \\',
  ODD_LINES: 'one\n\ntwo $(id)\n',
  ODD_HASH: '# no comment',
  ODD_EQUALS: 'a=b=c',
  ODD_BRACES: '} ) ] { ( [ ; & | > < ! * ?',
  ODD_CONTROL: 'tab\there, escape \x1b[31m, return\r.',
  ODD_ACCENTS: 'é € 😀',
  ODD_PERCENT: '%s %n',
  ODD_LONG: 'x'.repeat(2000),
};
