#!/usr/bin/env python3
"""Networks of Keras as tf2onnx exports them, pictures [n, h, w, c], with answers of TensorFlow.

usage: python test/golden/onnx-keras.py > test/golden/onnx-keras.json   (tensorflow-cpu 2.15, tf2onnx 1.17)
"""
import base64, json, os, sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
import tf2onnx
from tensorflow import keras

L = keras.layers
tf.random.set_seed(4)
conv = lambda n, size=3, **more: L.Conv2D(n, size, **more)


def net(run, last=None):
    image = keras.Input((8, 8, 3))
    return keras.Model(image, L.Dense(4, activation=last)(run(image)))


def stack(*layers, last=None):
    def run(x):
        for layer in layers:
            x = layer(x)
        return x

    return net(run, last)


def residual(x):
    x = L.ReLU()(L.BatchNormalization()(conv(4, padding="same", use_bias=False)(x)))
    return L.GlobalAveragePooling2D()(L.Activation("relu")(L.Add()([x, L.BatchNormalization()(conv(4, padding="same")(x))])))


def gate(x):
    x = conv(6, padding="same", activation="swish")(x)
    s = L.Reshape((1, 1, 6))(L.GlobalAveragePooling2D()(x))
    x = L.Multiply()([x, conv(6, 1, activation="sigmoid")(conv(2, 1, activation="relu")(s))])
    return L.Flatten()(L.GlobalAveragePooling2D(keepdims=True)(x))


def side_by_side(x):
    x = conv(4, activation="selu")(x)
    return L.Flatten()(L.Concatenate()([conv(3, strides=2, padding="same")(x), L.MaxPooling2D(2, padding="same")(x), L.AveragePooling2D(3, 2, padding="same")(x)]))


NETS = {
    "LeNet, softmax": (stack(conv(6, padding="same", activation="relu"), L.MaxPooling2D(), conv(8, activation="tanh"), L.Flatten(), L.Dense(12, activation="sigmoid"), last="softmax"), 13),
    "residual": (net(residual), 15),
    "separable convolutions, zeros before them": (stack(L.ZeroPadding2D(((0, 1), (0, 1))), L.DepthwiseConv2D(3, strides=2), L.ReLU(6.0), L.SeparableConv2D(6, 3, padding="same"), L.LeakyReLU(0.1), L.AveragePooling2D(2), L.Flatten()), 15),
    "squeeze and excitation": (net(gate), 13),
    "depth to space": (net(lambda x: L.Flatten()(conv(3, strides=2)(tf.nn.depth_to_space(conv(8, padding="same")(x), 2)))), 15),
    "rescaled, cropped, learned slopes": (stack(L.Rescaling(2.0, -1.0), conv(4), L.Cropping2D(((1, 0), (0, 1))), L.PReLU("uniform", shared_axes=[1, 2]), L.MaxPooling2D(), L.Flatten(), L.Dense(6, activation="elu"), L.Dropout(0.3)), 17),
    "side by side, SELU": (net(side_by_side), 15),
    "normalised by channels": (stack(L.Normalization(mean=[0.5, 0.4, 0.3], variance=[0.04, 0.05, 0.06]), conv(4, activation="softplus"), L.Flatten()), 15),
    "batch norm of a dense layer": (stack(L.Flatten(), L.Dense(10, use_bias=False), L.BatchNormalization(), L.Activation("relu")), 15),
    "a square": (stack(conv(4), L.Lambda(tf.square), L.AveragePooling2D(3), L.Flatten()), 15),
}


def case(name, model, opset):
    random = np.random.default_rng(5)
    model.set_weights([w + random.uniform(-0.1, 0.2, w.shape) for w in model.get_weights()])
    file, _ = tf2onnx.convert.from_keras(model, opset=opset)
    images = (random.integers(0, 17, (2, 8, 8, 3)) / 16).astype(np.float32)
    answers = model(images, training=False).numpy().astype(float)
    log = "softmax" in name
    return {"name": f"Keras: {name}", "file": base64.b64encode(file.SerializeToString()).decode(), "images": images.flatten().tolist(),
            "answers": (np.log(answers) if log else answers).flatten().tolist(), "log": log}


json.dump({"source": f"tensorflow {tf.__version__}, tf2onnx {tf2onnx.__version__}", "networks": [case(name, *of) for name, of in NETS.items()], "refused": []}, sys.stdout)
