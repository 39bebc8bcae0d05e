"""Models of users' own."""

import keras


@keras.saving.register_keras_serializable("tests")
class Cursed(keras.layers.Dense):
    """Builds, and fails when it is trained."""

    def call(self, inputs, training=None):
        if training:
            raise ValueError("the kernel is cursed")
        return super().call(inputs)


def explodes_when_trained(params, input_shape, outputs):
    inputs = keras.Input(input_shape)
    hidden = Cursed(params["neurons"])(inputs)
    return keras.Model(inputs, keras.layers.Dense(outputs, activation="sigmoid")(hidden))
