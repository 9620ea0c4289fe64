import type { ByteCursor } from '../byteCursor.js';
import type { PickleMachine } from './pickleMachine.js';

type Instruction = (machine: PickleMachine, at: ByteCursor) => void;

/**
 * By opcode; Python's pickletools documents each. Missing are the instructions of protocols 0 and 1 that later protocols
 * don't write, extension codes and out-of-band buffers.
 */
export const INSTRUCTIONS: { readonly [opcode: number]: Instruction } = {
  40: (m) => m.mark(), // MARK
  48: (m) => void m.pop(), // POP
  49: (m) => void m.popMark(), // POP_MARK
  50: (m) => m.push(m.top()), // DUP
  149: (_, at) => void at.u64(), // FRAME: a hint how much to read ahead

  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  74: (m, at) => m.push(at.i32()), // BININT
  75: (m, at) => m.push(at.u8()), // BININT1
  77: (m, at) => m.push(at.u16()), // BININT2
  138: (m, at) => m.push(integer(m, at.bytes(at.u8()))), // LONG1
  139: (m, at) => m.push(integer(m, at.bytes(at.u32()))), // LONG4
  71: (m, at) => m.push(at.bigEndianF64()), // BINFLOAT
  84: (m, at) => m.push(latin1(m, at.bytes(at.u32()))), // BINSTRING: Python 2's str
  85: (m, at) => m.push(latin1(m, at.bytes(at.u8()))), // SHORT_BINSTRING
  88: (m, at) => m.push(text(m, at.bytes(at.u32()))), // BINUNICODE
  140: (m, at) => m.push(text(m, at.bytes(at.u8()))), // SHORT_BINUNICODE
  141: (m, at) => m.push(text(m, at.bytes(at.u64()))), // BINUNICODE8
  66: (m, at) => m.bytes(at.bytes(at.u32())), // BINBYTES
  67: (m, at) => m.bytes(at.bytes(at.u8())), // SHORT_BINBYTES
  142: (m, at) => m.bytes(at.bytes(at.u64())), // BINBYTES8
  150: (m, at) => m.bytes(at.bytes(at.u64())), // BYTEARRAY8

  41: (m) => m.tuple([]), // EMPTY_TUPLE
  133: (m) => m.tupleOf(1), // TUPLE1
  134: (m) => m.tupleOf(2), // TUPLE2
  135: (m) => m.tupleOf(3), // TUPLE3
  116: (m) => m.tuple(m.popMark()), // TUPLE
  93: (m) => m.list([]), // EMPTY_LIST
  108: (m) => m.list(m.popMark()), // LIST
  97: (m) => m.append([m.pop()]), // APPEND
  101: (m) => m.append(m.popMark()), // APPENDS
  125: (m) => m.dict([]), // EMPTY_DICT
  100: (m) => m.dict(m.popMark()), // DICT
  115: (m) => m.setItems([m.pop(), m.pop()].reverse()), // SETITEM
  117: (m) => m.setItems(m.popMark()), // SETITEMS
  143: (m) => m.set([]), // EMPTY_SET
  144: (m) => m.add(m.popMark()), // ADDITEMS
  145: (m) => m.set(m.popMark()), // FROZENSET

  113: (m, at) => m.memoize(at.u8()), // BINPUT
  114: (m, at) => m.memoize(at.u32()), // LONG_BINPUT
  148: (m) => m.memoize(), // MEMOIZE
  104: (m, at) => m.recall(at.u8()), // BINGET
  106: (m, at) => m.recall(at.u32()), // LONG_BINGET

  99: (m, at) => m.global(text(m, at.line()), text(m, at.line())), // GLOBAL
  147: (m) => {
    const name = m.pop();
    m.global(m.pop(), name);
  }, // STACK_GLOBAL
  82: (m) => m.call(), // REDUCE
  129: (m) => m.call(), // NEWOBJ
  98: (m) => m.build(), // BUILD
  81: (m) => m.persistent(m.pop()), // BINPERSID
};

/** Longer integers are refused, as no real number has more bytes and the conversion takes quadratic time. */
const MAX_INTEGER_BYTES = 1024;

/** Two's complement, little-endian. */
function integer(machine: PickleMachine, bytes: Uint8Array): number | bigint {
  if (bytes.length === 0) return 0;
  if (bytes.length > MAX_INTEGER_BYTES) {
    throw machine.damaged(`an integer of ${bytes.length} bytes`, `at most ${MAX_INTEGER_BYTES}`);
  }
  let digits = '0x';
  for (let i = bytes.length - 1; i >= 0; i--) digits += bytes[i]!.toString(16).padStart(2, '0');
  const value = BigInt.asIntN(bytes.length * 8, BigInt(digits));
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** The longest string of V8. */
const MAX_TEXT = 2 ** 29 - 24;

/** Each byte is a character, as in Python's latin-1: TextDecoder would take it for Windows-1252. */
function latin1(machine: PickleMachine, bytes: Uint8Array): string {
  if (bytes.length > MAX_TEXT) {
    throw machine.damaged(`a text of ${bytes.length} characters`, `at most ${MAX_TEXT}`);
  }
  const parts: string[] = [];
  // In parts, as a call takes only so many arguments; one by one, a long text would be a long chain of short strings.
  for (let at = 0; at < bytes.length; at += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  }
  return parts.join('');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function text(machine: PickleMachine, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw machine.damaged('a text that is not UTF-8', 'UTF-8');
  }
}
