"""Reference data of the tests of @amr/formats, made with Python, NumPy and PyTorch.

Run: /usr/bin/python3 packages/formats/test-data/formats.py  (torch 1.13, numpy)
"""

import json
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent


def described(array, dtype=None):
    """Special values as texts, as JSON has none for them; 64 bit integers too, as JSON's numbers are doubles."""
    values = np.asarray(array).flatten().tolist()
    texts = [str(v) if isinstance(v, int) and abs(v) > 2**53 or v != v or v in (np.inf, -np.inf) else v for v in values]
    return {
        'dtype': dtype or str(array.dtype),
        'shape': list(array.shape),
        'values': [int(v) if isinstance(v, bool) else v for v in texts],
    }


def of_torch(tensor):
    dtype = str(tensor.dtype).removeprefix('torch.')
    array = tensor.detach().float().numpy() if dtype == 'bfloat16' else tensor.detach().numpy()
    return described(array, dtype)


torch.manual_seed(1)
golden = {}

# Every type, and every way in which a tensor may lie in its storage.
base = torch.arange(24, dtype=torch.float32).view(2, 3, 4)
tensors = OrderedDict(
    float64=torch.tensor([1 / 3, -2.0], dtype=torch.float64),
    float32=torch.tensor([[1.5, float('nan')], [float('inf'), -0.0]]),
    float16=torch.tensor([1.5, -2.0**-24, 65504, float('inf'), float('nan')], dtype=torch.float16),
    bfloat16=torch.tensor([1.5, -3.0e38, 1.0e-38], dtype=torch.bfloat16),
    int64=torch.tensor([2**62 + 1, -1, 3]),
    int32=torch.tensor([-(2**31), 7], dtype=torch.int32),
    int16=torch.tensor([-32768, 7], dtype=torch.int16),
    int8=torch.tensor([-128, 127], dtype=torch.int8),
    uint8=torch.tensor([0, 255], dtype=torch.uint8),
    bool=torch.tensor([True, False, True]),
    whole=base,
    transposed=base.permute(2, 0, 1),
    slice=base[1],
    steps=base[:, ::2, 1::2],
    column=base[0, :, 2:3],
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(torch.tensor([4.0])),
)
golden['tensors'] = {name: of_torch(tensor) for name, tensor in tensors.items()}
torch.save(tensors, HERE / 'tensors.pth')
torch.save(tensors, HERE / 'tensors4.pth', pickle_protocol=4)
torch.save(tensors, HERE / 'tensorsLegacy.pth', _use_new_zipfile_serialization=False)

weights = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.BatchNorm1d(1)).state_dict()
checkpoint = {
    'epoch': 3,
    'loss': 0.25,
    'notes': ['a', ('b', None, True), {'k': b'bytes'}, {1, 2}, 2**70, -(2**40), torch.Size([2, 3])],
    'state_dict': weights,
    'optimizer': {'state': {0: {'exp_avg': torch.zeros(2)}}, 'param_groups': [{'lr': 0.1, 'params': [0]}]},
}
golden['checkpoint'] = {name: of_torch(tensor) for name, tensor in weights.items()}
torch.save(checkpoint, HERE / 'checkpoint.pth')

torch.save(torch.nn.Linear(2, 1), HERE / 'module.pth')
torch.save({'expanded': torch.ones(1).expand(1000)}, HERE / 'expanded.pth')
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), HERE / 'script.pt')

# NumPy: each type, both byte orders and both orders of the axes.
grid = np.arange(12).reshape(3, 4)
arrays = {
    **{f'{kind}': (grid - 3).astype(kind) for kind in ('<f8', '<f4', '<f2', '<i8', '<i4', '<i2', '|i1')},
    **{f'{kind}': grid.astype(kind) for kind in ('<u8', '<u4', '<u2', '|u1')},
    **{f'{kind}': (grid - 3).astype(kind) for kind in ('>f8', '>f4', '>i4', '>i2')},
    'bool': grid % 2 == 0,
    'fortran': np.asfortranarray(np.arange(24, dtype='<f4').reshape(2, 3, 4)),
    'scalar': np.array(1.5),
    'empty': np.zeros((0, 2), '<f4'),
    'one/two.three': np.array([1, 2], '<i4'),
}
golden['arrays'] = {name: described(array) for name, array in arrays.items()}
np.savez(HERE / 'arrays.npz', **arrays)
np.savez_compressed(HERE / 'arraysCompressed.npz', **arrays)
np.savez(HERE / 'objects.npz', a=np.array([{}], dtype=object))

# A zip64 archive, though a small one.
limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 1
with zipfile.ZipFile(HERE / 'zip64.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
    for name, text in (('first.txt', 'x' * 500), ('second.txt', 'second')):
        archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
zipfile.ZIP64_LIMIT = limit

# Plain pickles of each protocol.
values = {'list': [1, -1, 255, 65535, -(2**31), 2**31, 0.5, None, True, False], 'text': 'äöü', 'deep': {'a': {'b': ()}}}
values['twice'] = [values['list'], values['list']]
golden['pickles'] = {'values': values, 'bytes': {}}
for protocol in range(6):
    golden['pickles']['bytes'][protocol] = pickle.dumps(values, protocol).hex()


class Evil:
    def __reduce__(self):
        import os

        return os.system, ('echo pwned',)


golden['evil'] = {str(protocol): pickle.dumps({'a': Evil()}, protocol).hex() for protocol in (2, 4)}
(HERE / 'golden.json').write_text(json.dumps(golden) + '\n')
