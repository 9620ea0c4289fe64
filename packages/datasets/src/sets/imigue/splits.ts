import type { SplitRule } from '../../source/splitRule.js';

/**
 * Numbers of the test videos. The lists are those of the code with which one of the authors, Haoyu Chen of the University of Oulu,
 * draws the data set's skeletons: 104 test videos, 251 training videos, and 4 that are noted separately (218, 319, 347, 348) and that
 * other readers skip, too. We assume that the lists are the paper's cross-subject protocol, with 37 training and 35 test players:
 * together they are the 359 videos of the paper.
 */
// biome-ignore format: a list
const testVideos = [
  54, 67, 69, 70, 71, 72, 74, 77, 79, 85, 98, 105, 106, 109, 110, 111, 112, 114, 116, 118, 125, 126, 133, 135, 138, 144,
  148, 154, 156, 161, 163, 166, 167, 168, 169, 196, 198, 200, 201, 205, 208, 212, 213, 220, 235, 237, 238, 241, 242, 243,
  244, 262, 274, 280, 292, 303, 318, 320, 322, 327, 329, 346, 349, 355, 368, 371, 375, 378, 380, 385, 396, 406, 410, 411,
  413, 414, 415, 416, 417, 421, 423, 424, 425, 428, 429, 431, 436, 437, 438, 439, 440, 441, 442, 443, 444, 445, 446, 447,
  448, 449, 450, 451, 452, 453,
];

// biome-ignore format: a list
const trainingVideos = [
  1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 22, 23, 25, 26, 27, 28, 29, 30, 31, 32, 35, 36, 37, 38,
  39, 40, 43, 45, 46, 47, 48, 49, 50, 51, 52, 53, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 68, 73, 75, 76, 82, 83,
  84, 86, 87, 89, 91, 93, 94, 95, 96, 97, 99, 100, 101, 102, 103, 104, 107, 108, 113, 115, 117, 119, 120, 121, 122, 124,
  131, 132, 134, 136, 137, 140, 141, 143, 145, 147, 149, 151, 152, 153, 157, 158, 159, 160, 162, 164, 165, 170, 171, 172,
  173, 174, 175, 176, 178, 179, 180, 181, 183, 184, 185, 186, 187, 188, 191, 193, 195, 197, 199, 214, 216, 222, 223, 225,
  230, 231, 232, 233, 234, 236, 239, 240, 246, 247, 248, 249, 250, 251, 252, 253, 254, 256, 257, 258, 259, 260, 261, 263,
  264, 266, 267, 268, 269, 270, 272, 273, 275, 276, 277, 279, 282, 283, 289, 290, 291, 293, 294, 296, 297, 298, 299, 300,
  301, 302, 304, 305, 306, 308, 310, 311, 312, 313, 314, 315, 316, 317, 323, 324, 325, 328, 330, 331, 332, 333, 334, 335,
  336, 337, 338, 339, 340, 341, 342, 343, 344, 350, 357, 358, 359, 360, 363, 365, 366, 367, 369, 374, 376, 377, 379, 381,
  382, 386, 392, 394, 397, 399, 400, 401, 402, 403, 404, 405, 407, 408, 419, 420, 430, 433, 435,
];

/** Videos in neither list of the authors' code, which published readers skip. */
export const imigueUnusable: readonly number[] = [218, 319, 347, 348];

/** The cross-subject protocol of iMiGUE, by numbers of videos, since the files don't name the players. */
export const imigueSplits = {
  xsub: { by: 'video', train: [...trainingVideos, ...imigueUnusable], test: testVideos },
} satisfies { [name: string]: SplitRule };
