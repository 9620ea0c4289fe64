/** The outcome of one attack of {@link autoAttack}. */
export interface MemberOutcome {
  /** Its name. */
  readonly name: string;
  /** Number of samples that it was run on: those that were still robust. */
  readonly tried: number;
  /** Number of samples that it fooled. */
  readonly fooled: number;
}

/**
 * The saved state of a run of {@link autoAttack}: numbers, text and typed arrays, no tensors. `autoAttack` makes it, an
 * {@link AutoAttackCheckpointStore} keeps it.
 */
export interface AutoAttackCheckpoint {
  /** Identifies the run, fact by fact: members, threat model, fingerprints of inputs and labels, and so on. */
  readonly fingerprint: { readonly [fact: string]: string };
  /** The seed of all members. */
  readonly seed: number;
  /** The attacks that are done, in their order. */
  readonly members: readonly MemberOutcome[];
  /** For each sample the attack that fooled it, 'clean' if it was wrong from the start, null if nothing has yet. */
  readonly fooledBy: readonly (string | null)[];
  /** For each sample the margin by which a wrong class wins at the best point. */
  readonly margins: Float32Array;
  /** The best point of each sample, row by row, of each modality of the threat model. */
  readonly adversarial: { readonly [modality: string]: Float32Array };
}

/** Where {@link autoAttack} keeps its checkpoint. `fileAttackProgress` of @amr/train/node is one. */
export interface AutoAttackCheckpointStore {
  /** The checkpoint that was saved last, or undefined before the first one. */
  load(): Promise<AutoAttackCheckpoint | undefined>;
  /** Replaces the checkpoint. */
  save(checkpoint: AutoAttackCheckpoint): Promise<void>;
}
