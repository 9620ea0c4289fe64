"""Makes what lies beside this file: model.json and weights.bin, a Keras model, trained by Keras, in the format of
tfjs-layers, and sample.json, two gestures and what Keras makes of them.

Run it with Keras 3 and one of its backends:

    pip install keras==3.15.1 jax==0.10.2
    KERAS_BACKEND=jax python make.py

tfjs 4.22 reads what Keras 2 wrote of a model. `topology` writes that form, as tensorflowjs_converter did, for the few
kinds of layers here; the weights are written as they are.
"""

import json
import pathlib

import keras
import numpy as np
from keras import layers

CLASSES = 4


def gestures(count, seed):
    """Pictures [12, 12, 1] in [0, 1], accelerations [24, 3] in m/s^2 and labels, by the recipe of src/gestures.ts."""
    rng = np.random.default_rng(seed)

    def noise(*shape):
        return rng.random((3, *shape)).sum(0) - 1.5

    labels = np.arange(count) % CLASSES
    sign = np.where(labels % 2 == 0, -1, 1)[:, None]
    across = (labels < 2)[:, None, None]
    lane = (3 + 6 * rng.random(count))[:, None, None]
    y, x = np.mgrid[:12, :12][:, None]
    along, off = np.where(across, x, y), np.where(across, y, x) - lane
    trail = np.where(sign[:, None] > 0, along, 11 - along) / 11
    camera = 0.15 + 0.35 * trail * np.exp(-(off**2) / 3) + 0.08 * noise(count, 12, 12)
    t, start = np.arange(24), (4 + 6 * rng.random(count))[:, None]
    moving = (t > start) & (t < start + 12)
    push = sign * 1.2 * np.sin(np.pi * (t - start) / 6) * moving
    tilt = (0.6 * noise(count))[:, None]
    one, little = np.ones_like(tilt), np.full_like(tilt, 0.2)
    share = np.where(across[:, 0], np.hstack([one, tilt, little]), np.hstack([tilt, one, little]))
    motion = push[:, :, None] * share[:, None, :] + 0.5 * noise(count, 24, 3)
    return [np.clip(camera, 0, 1)[..., None], motion], labels


def built():
    camera = keras.Sequential(
        [
            layers.Input((12, 12, 1), name="camera_in"),
            layers.Conv2D(8, 3, activation="relu", name="camera_conv1"),
            layers.MaxPooling2D(2, name="camera_pool"),
            layers.Conv2D(12, 3, activation="relu", name="camera_conv2"),
            layers.Flatten(name="camera_flatten"),
        ],
        name="camera_branch",
    )
    motion = keras.Sequential(
        [
            layers.Input((24, 3), name="motion_in"),
            layers.Conv1D(8, 5, activation="relu", name="motion_conv1"),
            layers.Conv1D(12, 5, strides=2, activation="relu", name="motion_conv2"),
            layers.Flatten(name="motion_flatten"),
        ],
        name="motion_branch",
    )
    inputs = [layers.Input((12, 12, 1), name="camera"), layers.Input((24, 3), name="motion")]
    joined = layers.Concatenate(name="concatenate")([camera(inputs[0]), motion(inputs[1])])
    hidden = layers.Dense(16, activation="relu", name="dense")(joined)
    return keras.Model(inputs, layers.Dense(CLASSES, name="logits")(hidden), name="gesture")


def config_of(layer):
    """The config of a layer as Keras 2 wrote it."""
    if isinstance(layer, keras.Sequential):
        # The input, which `layers` leaves out, is a field of the first layer.
        inner = [{"class_name": type(one).__name__, "config": config_of(one)} for one in layer.layers]
        inner[0]["config"]["batch_input_shape"] = list(layer.inputs[0].shape)
        return {"name": layer.name, "layers": inner}
    config = {}
    for key, value in layer.get_config().items():
        if key == "batch_shape":
            key = "batch_input_shape"
        if isinstance(value, dict):
            value = value["config"]["name"] if key == "dtype" else {k: value[k] for k in ("class_name", "config")}
        if value is not None:
            config[key] = value
    return config


def topology(model):
    """The model's graph as Keras 2 wrote it; each layer is applied once."""
    graph = []
    for layer in model.layers:
        # In both libraries a nested model's first node is its own inside, the next one its use in the graph.
        node = next(node for node in layer._inbound_nodes if node.output_tensors[0]._keras_history.operation is layer)
        sources = [tensor._keras_history.operation for tensor in node.input_tensors]
        inbound = [[one.name, int(isinstance(one, keras.Model)), 0, {}] for one in sources]
        graph.append(
            {
                "name": layer.name,
                "class_name": type(layer).__name__,
                "config": config_of(layer),
                "inbound_nodes": [inbound] if inbound else [],
            }
        )
    ends = {
        "input_layers": [[tensor._keras_history.operation.name, 0, 0] for tensor in model.inputs],
        "output_layers": [[tensor._keras_history.operation.name, 0, 0] for tensor in model.outputs],
    }
    config = {"name": model.name, "layers": graph, **ends}
    return {
        "keras_version": keras.__version__,
        "backend": keras.backend.backend(),
        "model_config": {"class_name": "Functional", "config": config},
    }


if __name__ == "__main__":
    keras.utils.set_random_seed(1)
    model = built()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), loss, metrics=["accuracy"])
    model.fit(*gestures(400, 1), batch_size=40, epochs=10, verbose=0)
    print("accuracy on new gestures:", model.evaluate(*gestures(400, 2), verbose=0)[1])
    # The last two parts of a path, the layer's and the weight's names, are what tfjs calls the weight.
    weights = [("/".join(one.path.split("/")[-2:]), np.array(one.value)) for one in model.weights]
    manifest = [{"name": name, "shape": list(value.shape), "dtype": "float32"} for name, value in weights]
    folder = pathlib.Path(__file__).parent
    (folder / "weights.bin").write_bytes(b"".join(value.astype("<f4").tobytes() for _, value in weights))
    (folder / "model.json").write_text(
        json.dumps(
            {
                "format": "layers-model",
                "generatedBy": f"keras v{keras.__version__}",
                "convertedBy": "make.py",
                "modelTopology": topology(model),
                "weightsManifest": [{"paths": ["weights.bin"], "weights": manifest}],
            }
        )
        + "\n"
    )
    inputs, _ = gestures(2, 3)
    sample = {"inputs": [one.round(4).tolist() for one in inputs]}
    sample["outputs"] = model.predict([np.array(one, np.float32) for one in sample["inputs"]], verbose=0).tolist()
    (folder / "sample.json").write_text(json.dumps(sample) + "\n")
