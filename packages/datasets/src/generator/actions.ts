import { bow, handshake, hop, jog, kick, march, pickUp, push, sitDown, standUp } from './bodyActions.js';
import {
  circleClockwise,
  circleCounterclockwise,
  cough,
  drink,
  phone,
  punch,
  salute,
  throwing,
  thumbDown,
  thumbUp,
  wave,
} from './gestures.js';
import type { Action } from './motion.js';
import { clap, crossArms, rubHands } from './twoHanded.js';

/** All actions. The first twelve are the default classes, the last two take two persons. */
export const actions: readonly Action[] = [
  drink,
  cough,
  wave,
  throwing,
  kick,
  sitDown,
  standUp,
  pickUp,
  hop,
  march,
  thumbUp,
  thumbDown,
  clap,
  punch,
  circleClockwise,
  circleCounterclockwise,
  rubHands,
  phone,
  salute,
  crossArms,
  bow,
  jog,
  handshake,
  push,
];

/** Names of the actions that `actionClips` generates, in order: the first twelve are its default, the last two take two persons. */
export const actionNames: readonly string[] = actions.map(({ name }) => name);
