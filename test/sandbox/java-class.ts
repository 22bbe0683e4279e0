const TAG = { utf8: 1, class: 7, field: 9, method: 10, nameAndType: 12 } as const;
const PUBLIC_STATIC = 0x0009;
const PUBLIC_SUPER = 0x0021;
/** Java 5: the youngest version whose methods need no stack maps. */
const CLASS_VERSION = 49;

/**
 * A Java class whose `main` is
 *
 *     System.out.println(new String(new URL(args[0]).openStream().readAllBytes()));
 *
 * It is assembled here because Java's compiler is larger than all that runs Java. Needs Java 9 for `readAllBytes`.
 */
export function makeFetchClass(name: string): Uint8Array {
  const pool = new ConstantPool();
  const code = [
    ...[0xb2, ...pool.member('field', 'java/lang/System', 'out', 'Ljava/io/PrintStream;')], // getstatic
    ...[0xbb, ...pool.class('java/lang/String'), 0x59], // new, dup
    ...[0xbb, ...pool.class('java/net/URL'), 0x59], // new, dup
    ...[0x2a, 0x03, 0x32], // aload_0, iconst_0, aaload
    ...[0xb7, ...pool.member('method', 'java/net/URL', '<init>', '(Ljava/lang/String;)V')], // invokespecial
    ...[0xb6, ...pool.member('method', 'java/net/URL', 'openStream', '()Ljava/io/InputStream;')], // invokevirtual
    ...[0xb6, ...pool.member('method', 'java/io/InputStream', 'readAllBytes', '()[B')],
    ...[0xb7, ...pool.member('method', 'java/lang/String', '<init>', '([B)V')],
    ...[0xb6, ...pool.member('method', 'java/io/PrintStream', 'println', '(Ljava/lang/String;)V')],
    0xb1, // return
  ];
  const [maxStack, maxLocals] = [7, 1];
  const body = [...u2(maxStack), ...u2(maxLocals), ...u4(code.length), ...code, ...u2(0), ...u2(0)];
  const main = [
    ...[...u2(PUBLIC_STATIC), ...pool.utf8('main'), ...pool.utf8('([Ljava/lang/String;)V'), ...u2(1)],
    ...[...pool.utf8('Code'), ...u4(body.length), ...body],
  ];
  const names = [...pool.class(name), ...pool.class('java/lang/Object')];
  const [interfaces, fields, methods, attributes] = [u2(0), u2(0), [...u2(1), ...main], u2(0)];
  return Uint8Array.from([
    ...[0xca, 0xfe, 0xba, 0xbe, ...u2(0), ...u2(CLASS_VERSION), ...pool.render()],
    ...[...u2(PUBLIC_SUPER), ...names, ...interfaces, ...fields, ...methods, ...attributes],
  ]);
}

/** The texts and names of a class. Each method returns the two bytes by which code refers to what was added. */
class ConstantPool {
  readonly #entries: number[][] = [];

  utf8(text: string): number[] {
    const bytes = [...Buffer.from(text)];
    return this.#add([TAG.utf8, ...u2(bytes.length), ...bytes]);
  }

  class(name: string): number[] {
    return this.#add([TAG.class, ...this.utf8(name)]);
  }

  member(kind: 'field' | 'method', owner: string, name: string, type: string): number[] {
    const nameAndType = this.#add([TAG.nameAndType, ...this.utf8(name), ...this.utf8(type)]);
    return this.#add([TAG[kind], ...this.class(owner), ...nameAndType]);
  }

  render(): number[] {
    return [...u2(this.#entries.length + 1), ...this.#entries.flat()];
  }

  /** Entries are counted from 1. */
  #add(entry: number[]): number[] {
    return u2(this.#entries.push(entry));
  }
}

function u2(value: number): number[] {
  return [value >> 8, value & 0xff];
}

function u4(value: number): number[] {
  return [...u2(value >> 16), ...u2(value & 0xffff)];
}
