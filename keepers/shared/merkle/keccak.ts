/**
 * Keccak-256 (FIPS 202 with Keccak's padding, as Ethereum uses it) for the many short inputs of a tree. The permutation
 * is a WebAssembly function that is assembled below: 64-bit lanes and rotations are single instructions there, which
 * makes it about ten times as fast as what 32-bit JavaScript arithmetic reaches (300,000 hashes: 0.2 s, not 2.4 s).
 */

/** The part of the platform that is used; the type library of browsers, which has all of it, is not loaded. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { readonly p: () => void; readonly m: { readonly buffer: ArrayBuffer } };
  };
};

/** Bytes absorbed by one permutation. */
const RATE_BYTES = 136;
const ROUNDS = 24;
const LANES = 25;
/** Where the round constants lie; the state is at 0. */
const CONSTANTS_AT = 256;

/** Bits that lane x + 5y is rotated by (FIPS 202, section 3.2.2). */
const rotations = [
  ...[0, 1, 62, 28, 27],
  ...[36, 44, 6, 55, 20],
  ...[3, 10, 43, 25, 39],
  ...[41, 45, 15, 21, 8],
  ...[18, 2, 61, 56, 14],
];

const op = {
  ...{ end: 0x0b, loop: 0x03, brIf: 0x0d, empty: 0x40 },
  ...{ get: 0x20, set: 0x21, i32Const: 0x41, i64Const: 0x42 },
  ...{ load: 0x29, store: 0x37, i32LtU: 0x49, i32Add: 0x6a },
  ...{ and: 0x83, xor: 0x85, rotl: 0x89 },
} as const;
const type = { i32: 0x7f, i64: 0x7e, func: 0x60 } as const;

/** LEB128 of a small unsigned number. */
function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}

/** LEB128 of a constant below 2^20: one group more than unsigned, so that its sign bit is clear. */
function constant(value: number): number[] {
  return [(value & 127) | 128, ((value >>> 7) & 127) | 128, (value >>> 14) & 63];
}

/** The permutation of the state at address 0, as WebAssembly instructions. */
function permutation(): number[] {
  // Locals: lanes a, lanes b, column parities c, then the address of the round's constant.
  const [a, b, c, at] = [0, LANES, 2 * LANES, 2 * LANES + 5];
  const get = (local: number): number[] => [op.get, local];
  const set = (local: number): number[] => [op.set, local];
  const lanes = Array.from({ length: LANES }, (_, lane) => lane);
  const columns = [0, 1, 2, 3, 4];
  const rotated = (local: number, bits: number): number[] => [
    ...get(local),
    ...(bits === 0 ? [] : [op.i64Const, ...constant(bits), op.rotl]),
  ];
  const theta = [
    ...columns.flatMap((x) => [
      ...get(a + x),
      ...[5, 10, 15, 20].flatMap((y) => [...get(a + x + y), op.xor]),
      ...set(c + x),
    ]),
    ...lanes.flatMap((lane) => [
      ...get(a + lane),
      ...get(c + ((lane + 4) % 5)),
      op.xor,
      ...rotated(c + ((lane + 1) % 5), 1),
      op.xor,
      ...set(a + lane),
    ]),
  ];
  const rhoPi = lanes.flatMap((lane) => {
    const [x, y] = [lane % 5, Math.floor(lane / 5)];
    return [...rotated(a + lane, rotations[lane]!), ...set(b + y + 5 * ((2 * x + 3 * y) % 5))];
  });
  const chi = lanes.flatMap((lane) => {
    const [x, row] = [lane % 5, lane - (lane % 5)];
    return [
      ...get(b + row + ((x + 1) % 5)),
      ...[op.i64Const, 0x7f, op.xor],
      ...get(b + row + ((x + 2) % 5)),
      op.and,
      ...get(b + lane),
      op.xor,
      ...set(a + lane),
    ];
  });
  const address = [op.i32Const, 0];
  const memory = (lane: number): number[] => [3, ...leb(8 * lane)];
  return [
    ...lanes.flatMap((lane) => [...address, op.load, ...memory(lane), ...set(a + lane)]),
    ...[op.i32Const, ...constant(CONSTANTS_AT), ...set(at)],
    ...[op.loop, op.empty],
    ...[...theta, ...rhoPi, ...chi],
    ...[...get(a), ...get(at), op.load, 3, 0, op.xor, ...set(a)],
    ...[...get(at), op.i32Const, ...constant(8), op.i32Add, ...set(at)],
    ...[...get(at), op.i32Const, ...constant(CONSTANTS_AT + 8 * ROUNDS), op.i32LtU, op.brIf, 0],
    op.end,
    ...lanes.flatMap((lane) => [...address, ...get(a + lane), op.store, ...memory(lane)]),
    op.end,
  ];
}

/** A module with one page of memory, "m", and the permutation, "p". */
function assemble(): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: number[]): number[] => [
    id,
    ...leb(content.length),
    ...content,
  ];
  const code = [2, 55, type.i64, 1, type.i32, ...permutation()];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, type.func, 0, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, 1, 0x6d, 2, 0, 1, 0x70, 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ]);
}

/** Round constants by the linear feedback shift register of FIPS 202, section 3.2.5. */
function roundConstants(): bigint[] {
  let register = 1;
  return Array.from({ length: ROUNDS }, () => {
    let word = 0n;
    for (let j = 0; j <= 6; j++) {
      if ((register & 1) === 1) word |= 1n << BigInt(2 ** j - 1);
      register <<= 1;
      if (register > 255) register ^= 0x171;
    }
    return word;
  });
}

const { p: permute, m } = new WebAssembly.Instance(new WebAssembly.Module(assemble())).exports;
const state = new Uint8Array(m.buffer, 0, 8 * LANES);
const constants = new DataView(m.buffer, CONSTANTS_AT, 8 * ROUNDS);
roundConstants().forEach((word, round) => constants.setBigUint64(8 * round, word, true));

/**
 * Hashes a part of a buffer into another, or the same.
 * @param from first byte of the input, `length` its bytes
 * @param at where the 32 bytes of the hash are written in `target`
 */
export function keccakInto(
  source: Uint8Array,
  from: number,
  length: number,
  target: Uint8Array,
  at: number,
): void {
  state.fill(0);
  let next = from;
  let left = length;
  for (; left >= RATE_BYTES; left -= RATE_BYTES) {
    for (let i = 0; i < RATE_BYTES; i++) state[i]! ^= source[next + i]!;
    permute();
    next += RATE_BYTES;
  }
  for (let i = 0; i < left; i++) state[i]! ^= source[next + i]!;
  state[left]! ^= 0x01;
  state[RATE_BYTES - 1]! ^= 0x80;
  permute();
  for (let i = 0; i < 32; i++) target[at + i] = state[i]!;
}

/** @returns the 32 bytes of the input's hash */
export function keccak(input: Uint8Array): Uint8Array {
  const hash = new Uint8Array(32);
  keccakInto(input, 0, input.length, hash, 0);
  return hash;
}
