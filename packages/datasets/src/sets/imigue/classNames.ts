/**
 * The 32 classes of iMiGUE (Liu et al., CVPR 2021) in the order of their numbers in the label files, from 1. The last is not a
 * micro-gesture, and has number 99 there, according to the evaluation scripts of the MiGA challenge. Order and wording are those of
 * readers that participants of the challenge published; the shorter names in the code of one of the authors have the same order.
 */
export const imigueClasses: readonly string[] = [
  'turtle neck',
  'bulging face, deep breath',
  'touching hat',
  'touching or scratching head',
  'touching or scratching forehead',
  'covering face',
  'rubbing eyes',
  'touching or scratching facial parts',
  'touching ears',
  'biting nails',
  'touching jaw',
  'touching or scratching neck',
  'playing with or adjusting hair',
  'buckling button, pulling shirt collar, adjusting tie',
  'touching or covering suprasternal notch',
  'scratching back',
  'folding arms',
  'dusting off clothes',
  'putting arms behind body',
  'moving torso',
  'sitting straightly',
  'scratching or touching arms',
  'rubbing or holding hands',
  'crossing fingers',
  'minaret gesture',
  'playing with or manipulating objects',
  'holding back arms',
  'head up',
  'pressing lips',
  'arms akimbo',
  'shaking shoulders',
  'illustrative hand gestures',
];
