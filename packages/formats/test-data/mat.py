"""MAT-files for the tests of @amr/formats, written by SciPy and, what SciPy doesn't write, byte by byte.

Run: python3 packages/formats/test-data/mat.py  (scipy 1.17, numpy 2)
"""

import struct
from pathlib import Path

import numpy as np
import scipy.io

HERE = Path(__file__).parent
cube = np.arange(24).reshape(2, 3, 4)
arrays = {
    'double': cube / 7,
    'single': (cube / 7).astype(np.float32),
    **{
        name: np.array([[np.iinfo(name).min, 1], [2, np.iinfo(name).max]], dtype=name)
        for name in ('int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64')
    },
    'logical': np.array([[True, False, True]]),
    'scalar': 2.5,
    'empty': np.zeros((0, 3)),
    'complex': np.array([1 + 2j]),
    'text': 'wave',
    'record': {'a': 1, 'b': cube},
    'cells': np.array([1, 'two'], dtype=object),
}
scipy.io.savemat(HERE / 'arrays.mat', arrays)
scipy.io.savemat(HERE / 'arraysCompressed.mat', {**arrays, 'depth': np.full((24, 32, 10), 2810, np.uint16)}, do_compression=True)


def element(order, kind, data):
    if 0 < len(data) <= 4:
        return struct.pack(order + 'I', len(data) << 16 | kind) + data.ljust(4, b'\0')
    return struct.pack(order + 'II', kind, len(data)) + data + b'\0' * (-len(data) % 8)


def matrix(order, name, mat_class, shape, kind, data, flags=0):
    return element(order, 14, b''.join((
        element(order, 6, struct.pack(order + 'II', flags | mat_class, 0)),
        element(order, 5, struct.pack(f'{order}{len(shape)}i', *shape)),
        element(order, 1, name.encode()),
        element(order, kind, data),
    )))


def header(order):
    return b'MATLAB 5.0 MAT-file, by hand'.ljust(124, b' ') + struct.pack(order + 'HH', 0x0100, 0x4D49)


# Other byte order; doubles, 64 bit integers and a logical that are stored as narrower types.
for order, name in (('>', 'bigEndian.mat'), ('<', 'narrow.mat')):
    content = header(order) + b''.join((
        matrix(order, 'bytes', 6, (2, 2), 2, bytes([1, 2, 3, 250])),
        matrix(order, 'shorts', 6, (1, 3), 3, struct.pack(order + '3h', -5, 0, 300)),
        matrix(order, 'long', 14, (1, 2), 1, struct.pack('2b', -1, 7)),
        matrix(order, 'single', 7, (1, 2), 4, struct.pack(order + '2H', 9, 60000)),
        matrix(order, 'double', 6, (1, 2), 9, struct.pack(order + '2d', 0.25, -3)),
        matrix(order, 'logical', 9, (1, 2), 2, bytes([1, 0]), 0x0200),
    ))
    (HERE / name).write_bytes(content)
    read = scipy.io.loadmat(HERE / name)
    assert read['shorts'].tolist() == [[-5, 0, 300]] and read['bytes'].tolist() == [[1, 3], [2, 250]]
