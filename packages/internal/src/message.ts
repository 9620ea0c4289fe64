/** How a value reads in a message: strings quoted, arrays in brackets, tensors by shape, objects by their keys. */
export function formatValue(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function';
  if (Array.isArray(value)) return `[${value.map(formatValue).join(', ')}]`;
  if (typeof value === 'object' && value !== null && 'shape' in value) {
    return `a tensor of shape ${formatValue(value.shape)}`;
  }
  if (typeof value === 'object' && value !== null) return `an object with ${formatValue(Object.keys(value))}`;
  return String(value);
}

/**
 * The text of an error: `name: got X; expected Y. What to do.`
 * @param name path of the value, as in `threatModel.rgb.epsilon`
 * @param value what was given; {@link formatValue} renders it
 * @param expected what it should have been, as in 'a number from 0 to 1'
 * @param advice what to do, a sentence
 */
export function mismatch(name: string, value: unknown, expected: string, advice?: string): string {
  return `${name}: got ${formatValue(value)}; expected ${expected}.${advice ? ` ${advice}` : ''}`;
}
