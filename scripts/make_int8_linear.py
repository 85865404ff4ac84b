"""Makes `src/qa/data/int8_linear.onnx`: a linear layer in 8 bits, for any weights and any number of tokens.

    python scripts/make_int8_linear.py

`qa.models.int8` runs it. Weights are inputs: one graph does for all layers, and the product is as quick as with
weights that are part of the graph (`docs/performance.md`).
"""

from __future__ import annotations

from pathlib import Path

from onnx import ModelProto, TensorProto, checker, helper

GRAPH = Path(__file__).parents[1] / "src" / "qa" / "data" / "int8_linear.onnx"
MICROSOFT = "com.microsoft"
"""Where onnxruntime has operations that the standard does not have."""


def make() -> ModelProto:
    """The graph: states are rounded by the scale of their row, multiplied, and times the scale of each output."""
    nodes = [
        helper.make_node("QuantizeLinear", ["states", "steps", "zeros"], ["rounded"], axis=0),
        helper.make_node(
            "MatMulIntegerToFloat",
            ["rounded", "weights", "one", "weight_steps"],
            ["product"],
            domain=MICROSOFT,
        ),
    ]
    inputs = [
        helper.make_tensor_value_info(name, kind, shape)
        for name, kind, shape in (
            ("states", TensorProto.FLOAT, ["tokens", "in"]),
            ("steps", TensorProto.FLOAT, ["tokens"]),
            ("zeros", TensorProto.UINT8, ["tokens"]),
            ("weights", TensorProto.INT8, ["in", "out"]),
            ("weight_steps", TensorProto.FLOAT, ["out"]),
        )
    ]
    product = helper.make_tensor_value_info("product", TensorProto.FLOAT, ["tokens", "out"])
    one = helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])
    graph = helper.make_graph(nodes, "int8_linear", inputs, [product], [one])
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=versions, ir_version=8, producer_name="qa")
    checker.check_model(model)
    return model


if __name__ == "__main__":
    GRAPH.write_bytes(make().SerializeToString(deterministic=True))
    print(f"{GRAPH.name}: {GRAPH.stat().st_size} bytes")
