/** What one attack of {@link autoAttack} did. */
export interface MemberOutcome {
  /** Its name. */
  readonly name: string;
  /** Samples that it was run on: those that nothing before had fooled. */
  readonly tried: number;
  /** How many of them it fooled. */
  readonly fooled: number;
}

/**
 * How far a run of {@link autoAttack} has come: numbers, text and typed arrays, no tensors. Made by `autoAttack`, kept
 * by an {@link AutoAttackCheckpointStore}.
 */
export interface AutoAttackCheckpoint {
  /** What the run is of, by the name of the fact: members, threat model, fingerprints of inputs and labels, and so on. */
  readonly fingerprint: { readonly [fact: string]: string };
  /** The seed that all members are given. */
  readonly seed: number;
  /** The attacks that are done, in their order. */
  readonly members: readonly MemberOutcome[];
  /** For each sample the attack that fooled it, 'clean' if it was wrong from the start, null if nothing has yet. */
  readonly fooledBy: readonly (string | null)[];
  /** For each sample by how much a wrong class wins at the point held. */
  readonly margins: Float32Array;
  /** The point held for each sample, row by row, of each modality of the threat model. */
  readonly adversarial: { readonly [modality: string]: Float32Array };
}

/** Where {@link autoAttack} keeps its progress. `fileAttackProgress` of @amr/train/node is one. */
export interface AutoAttackCheckpointStore {
  /** What was saved last, or undefined when nothing was. */
  load(): Promise<AutoAttackCheckpoint | undefined>;
  /** Replaces it. */
  save(progress: AutoAttackCheckpoint): Promise<void>;
}
