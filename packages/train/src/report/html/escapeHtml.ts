const ENTITIES: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes a text for HTML, also for quoted attributes. */
export const escapeHtml = (text: string | number | boolean): string =>
  String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
