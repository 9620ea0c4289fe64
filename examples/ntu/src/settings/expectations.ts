import { z } from 'zod';
import { didYouMean } from './didYouMean.js';

/** The message of an issue says what was expected; the place and the value are added around it. */
const message = (expected: string) => ({ error: () => expected });
const GROUP = 'a group of settings, one "name: value" a line';

/** A group of named settings; others are refused, each in a line of the message. */
export const group = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => didYouMean(key, Object.keys(shape))).join('\n')
        : GROUP,
  });

/** Things by name. */
export const named = <Value extends z.ZodType>(value: Value) =>
  z.record(
    z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'a name of small letters, digits and hyphens'),
    value,
    message('a group of named entries'),
  );

export const text = z.string(message('a text')).min(1, message('a text'));
export const flag = z.boolean(message('true or false'));
export const wholeFrom = (least: number) => {
  const expected = least === 1 ? 'a positive whole number' : `a whole number of at least ${least}`;
  return z.int(message(expected)).min(least, message(expected));
};
export const positiveWhole = wholeFrom(1);
export const positive = z.number(message('a positive number')).positive(message('a positive number'));
export const notNegative = z
  .number(message('a number of 0 or more'))
  .min(0, message('a number of 0 or more'));
/** A fraction, from 0 to 1. */
export const share = z
  .number(message('a number from 0 to 1'))
  .min(0, message('a number from 0 to 1'))
  .max(1, message('a number from 0 to 1'));
/** A fraction below 1. */
export const shareBelowOne = z
  .number(message('a number from 0 up to, but not, 1'))
  .min(0, message('a number from 0 up to, but not, 1'))
  .lt(1, message('a number from 0 up to, but not, 1'));
export const oneOf = <const Names extends readonly string[]>(names: Names) =>
  z.enum(names, message(names.length === 1 ? `'${names[0]}'` : `one of ${names.join(', ')}`));
export const listOf = <Value extends z.ZodType>(value: Value, what: string) =>
  z.array(value, message(`a list of ${what}`)).min(1, message(`a list of ${what}, with one or more`));

/** A positive number, or a fraction such as 8/255. */
export const fraction = z
  .union([z.number(), z.string()], message('a positive number, or a fraction such as 8/255'))
  .transform((value, context) => {
    const [, over, under] = /^\s*(\d+(?:\.\d+)?)\s*\/\s*(\d+(?:\.\d+)?)\s*$/.exec(`${value}`) ?? [];
    const number = over === undefined ? Number(value) : Number(over) / Number(under);
    if (Number.isFinite(number) && number > 0 && value !== '') return number;
    context.addIssue({ code: 'custom', message: 'a positive number, or a fraction such as 8/255' });
    return z.NEVER;
  });

/** Three sizes: frames, rows, columns. */
export const size3 = z.tuple(
  [positiveWhole, positiveWhole, positiveWhole],
  message('three positive whole numbers: frames, rows, columns'),
);

/** One of several things. */
export const either = <Options extends readonly z.core.SomeType[]>(expected: string, ...options: Options) =>
  z.union(options, message(expected));

/** Groups that differ by the value of one of their settings. */
export const kinds = <
  Key extends string,
  Options extends [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]],
>(
  key: Key,
  options: Options,
  names: readonly string[],
) =>
  z.discriminatedUnion(key, options, {
    error: (issue) => (issue.code === 'invalid_union' ? `one of ${names.join(', ')}` : GROUP),
  });
