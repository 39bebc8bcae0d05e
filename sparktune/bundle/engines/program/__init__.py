"""A trained model as a program: a short list of operations, which engines without Keras compute or write."""
