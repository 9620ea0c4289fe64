const ENTITIES: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that stands for itself within HTML, also within quotes. */
export const escapeHtml = (text: string | number | boolean): string =>
  String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
