"""A model file with its network in float16: measured, but not used by pigeonhole (docs/decisions/0120)."""

import onnx

# The head and what is asked of it stay float32: they cost next to nothing, and scores are compared with limits.
KEPT = ("head.", "heat.", "known.", "distance")


def in_float16(model: onnx.ModelProto) -> bytes:
    """`model` with weights and activations in float16 and the same inputs and outputs; it is changed in place."""
    from onnxruntime.transformers.float16 import convert_float_to_float16

    # The head is put aside meanwhile: told to keep some nodes, the converter gives several casts one name.
    graph = model.graph
    head = [node for node in graph.node if node.name.startswith(KEPT)]
    trunk = [node for node in graph.node if not node.name.startswith(KEPT)]
    outputs = list(graph.output)
    used = {name for node in trunk for name in node.input}
    of_head = [each for each in graph.initializer if each.name not in used]
    asked_for = {name for node in head for name in node.input} | {output.name for output in outputs}
    crossing = [name for node in trunk for name in node.output if name in asked_for]
    _set(graph, trunk, [each for each in graph.initializer if each.name in used],
         [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in crossing])  # fmt: skip
    converted = convert_float_to_float16(model, keep_io_types=True)
    graph = converted.graph
    _set(graph, [*graph.node, *head], [*graph.initializer, *of_head], outputs)
    data: bytes = converted.SerializeToString()
    return data


def _set(
    graph: onnx.GraphProto,
    nodes: list[onnx.NodeProto],
    initializers: list[onnx.TensorProto],
    outputs: list[onnx.ValueInfoProto],
) -> None:
    for field, values in ((graph.node, nodes), (graph.initializer, initializers), (graph.output, outputs)):
        copies = [type(value).FromString(value.SerializeToString()) for value in values]
        del field[:]
        field.extend(copies)
