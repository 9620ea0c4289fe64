/** A symbolic tensor of a tfjs model. */
interface Symbol {
  readonly sourceLayer: { readonly name: string };
}

/** The names of a model's inputs. A Sequential leaves its own list empty until its first prediction; it names them alike. */
export function inputNamesOf(model: { readonly inputs: readonly Symbol[] }): string[] {
  return model.inputs.map(({ sourceLayer }) => sourceLayer.name);
}

/** The names of a model's outputs, also those of a Sequential that has predicted nothing yet. */
export function outputNamesOf(model: { readonly outputs: readonly Symbol[] }): string[] {
  return model.outputs.map(({ sourceLayer }) => sourceLayer.name);
}
