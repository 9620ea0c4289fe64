"""Arrays pickled by NumPy, for the tests of @amr/formats.

Run with NumPy 1 and with NumPy 2, which name their modules differently:
    python packages/formats/test-data/numpyPickle.py
Each adds its own half to numpyPickles.json.
"""

import json
import pickle
from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / 'numpyPickles.json'
grid = np.arange(12).reshape(3, 4)
arrays = {
    **{kind: (grid - 3).astype(kind) for kind in ('<f8', '<f4', '<f2', '<i8', '<i4', '<i2', '|i1', '>f4', '>i2')},
    **{kind: grid.astype(kind) for kind in ('<u8', '<u4', '<u2', '|u1')},
    'bool': grid % 2 == 0,
    'fortran': np.asfortranarray(np.arange(24, dtype='<f4').reshape(2, 3, 4)),
    'transposed': np.arange(24, dtype='<f2').reshape(2, 3, 4).transpose(2, 0, 1),
    'reversed': np.arange(6, dtype='<f4')[::-1],
    'scalar': np.array(1.5),
    'empty': np.zeros((0, 2), '<f4'),
}
arrays['twice'] = arrays['<f4']
scalars = {'f4': np.float32(1.5), 'i8': np.int64(-7), 'large': np.int64(2**60), 'bool': np.bool_(True)}
refused = {'object': np.array([{}], dtype=object), 'text': np.array(['a']), 'record': np.zeros(1, 'i4,f4')}

major = f'numpy{np.__version__.split(".")[0]}'
described = {
    name: {
        'dtype': array.dtype.name,
        'shape': list(array.shape),
        'values': [int(v) if isinstance(v, bool) else v for v in array.flatten().tolist()],
    }
    for name, array in arrays.items()
}
golden = json.loads(FILE.read_text()) if FILE.exists() else {}
golden['arrays'] = described
golden['scalars'] = {name: str(value.item()) for name, value in scalars.items()}
golden[major] = {
    str(protocol): {
        'arrays': pickle.dumps(arrays, protocol).hex(),
        'scalars': pickle.dumps(scalars, protocol).hex(),
        **{name: pickle.dumps(value, protocol).hex() for name, value in refused.items()},
    }
    for protocol in (2, 3, 4, 5)
}
FILE.write_text(json.dumps(golden) + '\n')
