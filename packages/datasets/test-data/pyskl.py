"""Annotation pickles in PYSKL's layout, made up, for the tests of @amr/datasets.

Run with NumPy 1 and with NumPy 2, which name their modules differently:
    python packages/datasets/test-data/pyskl.py
Writes pyskl3d<protocol>.numpy<major>.pkl, pyskl2d.numpy<major>.pkl and pysklFaults.numpy<major>.pkl, and what is in them to pyskl.json.
"""

import json
import pickle
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
MAJOR = np.__version__.split('.')[0]


def sample_3d(name, persons, frames, seed):
    """Quarters of a metre are exact in 16 bits."""
    values = np.random.RandomState(seed).randint(-8, 9, (persons, frames, 25, 3)) / 4
    return dict(frame_dir=name, label=int(name[-3:]) - 1, keypoint=values.astype(np.float16), total_frames=frames)


def sample_2d(name, label, frames, seed):
    random = np.random.RandomState(seed)
    points = random.randint(0, 1080, (1, frames, 17, 2)).astype(np.float16)
    score = (random.randint(0, 5, (1, frames, 17)) / 4).astype(np.float16)
    return dict(
        frame_dir=name,
        label=np.int64(label),
        img_shape=(1080, 1920),
        original_shape=(1080, 1920),
        total_frames=frames,
        keypoint=points,
        keypoint_score=score,
    )


three = {
    'split': {
        'xsub_train': ['S001C001P001R001A001', 'S001C002P002R001A050'],
        'xsub_val': ['S002C003P003R002A007'],
        'xview_train': ['S001C002P002R001A050', 'S002C003P003R002A007'],
        'xview_val': ['S001C001P001R001A001'],
    },
    'annotations': [
        sample_3d('S001C001P001R001A001', 1, 3, 1),
        sample_3d('S001C002P002R001A050', 2, 2, 2),
        sample_3d('S002C003P003R002A007', 1, 4, 3),
    ],
}
# The second body comes into the picture in the second frame only.
three['annotations'][1]['keypoint'][1, 0] = 0
# Not row by row in memory, which NumPy keeps in a pickle.
three['annotations'][2]['keypoint'] = np.asfortranarray(three['annotations'][2]['keypoint'])

two = {
    'split': {'train1': ['v_a', 'v_b'], 'test1': ['v_c']},
    'annotations': [sample_2d(f'v_{"abc"[i]}', i, i + 1, i) for i in range(3)],
}

for protocol in (2, 3, 4, 5):
    (HERE / f'pyskl3d{protocol}.numpy{MAJOR}.pkl').write_bytes(pickle.dumps(three, protocol))
(HERE / f'pyskl2d.numpy{MAJOR}.pkl').write_bytes(pickle.dumps(two, 4))

sound = sample_3d('S001C001P001R001A001', 1, 2, 4)
faulty = [
    sound,
    sound,
    None,
    {**sound, 'frame_dir': 'a', 'label': -1},
    {**sound, 'frame_dir': 'b', 'total_frames': 3},
    {**sound, 'frame_dir': 'c', 'keypoint': sound['keypoint'][0]},
    {**sound, 'frame_dir': 'd', 'keypoint': sound['keypoint'][:, :, :20]},
    {key: value for key, value in two['annotations'][0].items() if not key.endswith('shape')},
    {**two['annotations'][1], 'keypoint_score': np.zeros((1, 1, 1))},
    {**two['annotations'][2]},
    {'frame_dir': 'k', 'label': 0, 'total_frames': 2, 'raw_file': 'k.pkl'},
]
(HERE / f'pysklFaults.numpy{MAJOR}.pkl').write_bytes(pickle.dumps(faulty, 4))

golden = {
    kind: [
        {
            'id': a['frame_dir'],
            'label': int(a['label']),
            'shape': list(a['keypoint'].shape),
            'keypoint': a['keypoint'].flatten().tolist(),
            **({'score': a['keypoint_score'].flatten().tolist()} if 'keypoint_score' in a else {}),
        }
        for a in content['annotations']
    ]
    for kind, content in (('three', three), ('two', two))
}
(HERE / 'pyskl.json').write_text(json.dumps(golden) + '\n')
