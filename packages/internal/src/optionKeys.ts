/** Every key of some options, with the value true. A key that is missing or unknown is a type error. */
export type KeysOf<Options> = { readonly [key in keyof Options]-?: true };

/** The names of all keys of some options, tied to their type: those that are checked at run time are those of the type. */
export const optionKeys = <Options extends object>(keys: KeysOf<Options>): readonly string[] =>
  Object.keys(keys);
