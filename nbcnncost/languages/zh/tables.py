"""What stands in and around a report's table, an explanation, and the exports."""

from __future__ import annotations

from types import MappingProxyType

_HEADER = {
    "input {inputs:text}": "输入 {inputs}",
    "none": "无",
    "scalar": "标量",
    "batch {size:number}": "批量 {size}",
    "{mode:name} mode": "{mode} 模式",
    "each module in its own mode": "各模块保持原有模式",
    "gradient of the input, too": "另求输入的梯度",
    "run for real": "实际运行",
    "{mode:text}, run for real": "{mode}，实际运行",
    "{mode:text}, training step ({optimizer:text})": "{mode}，训练步（{optimizer}）",
    "{mode:text}, training step ({optimizer:text}, gradient of the input, too)": (
        "{mode}，训练步（{optimizer}，另求输入的梯度）"
    ),
    "no optimizer": "无优化器",
    "{amount:amount} parameters": "{amount} 个参数",
    "{amount:amount} parameters ({split:text})": "{amount} 个参数（{split}）",
    "{trainable} trainable, {frozen} frozen": "可训练 {trainable}，冻结 {frozen}",
    "all frozen": "全部冻结",
    "{amount:amount} MACs": "{amount} MACs",
    "{amount:amount} FLOPs": "{amount} FLOPs",
    "{amount:amount} FLOPs ({convention:convention})": "{amount} FLOPs（{convention}）",
    "{amount:amount} integer MACs": "{amount} 整数 MACs",
    "{amount:amount} MACs ({convention:convention})": "{amount} MACs（{convention}）",
    "{amount:amount} MACs by {convention}": "{amount} MACs（{convention}）",
    "{amount:amount} FLOPs by {convention}": "{amount} FLOPs（{convention}）",
    "training step: {amount} {unit} = {parts}": "训练步：{amount} {unit} = {parts}",
    "training step: {amount} {unit} = {parts}; {times}× forward": (
        "训练步：{amount} {unit} = {parts}；为前向传播的 {times} 倍"
    ),
    "✗ stopped at {layer}: {message:text}": "✗ 在 {layer} 处中止：{message}",
    "(all numbers are those of the layers up to there)": "（所有数字只包括到该处为止的各层）",
}

_DETAILS = {
    "convention {name}: {title:text}": "计数约定 {name}：{title}",
    "integer MACs: multiply-accumulates of whole numbers in quantized layers; they are MACs, and no FLOPs": (
        "整数 MACs：量化层中整数的乘加运算；它们属于 MACs，但不是 FLOPs"
    ),
    "shares are of all MACs, since FLOPs leave the integer ones out": (
        "占比以全部 MACs 为基数，因为 FLOPs 不含整数 MACs"
    ),
    "gradients of the sum of all outputs": "梯度为所有输出之和的梯度",
    "{gradients:text}, each by its derivative's definition": "{gradients}，各按导数的定义计数",
    "{counted:tally}; none without a rule": "{counted}；所有运算都有规则",
    "{counted:tally}; {unknown:text} with no rule: {names:tally}": "{counted}；{unknown}没有规则：{names}",
    "no operations": "没有运算",
    "#no operations": "没有运算",
    "#{function} backward": "{function} 反向",
    "#{name} ({reason:text})": "{name}（{reason}）",
    "#{number:number} data movement(s) (0 by rule)": "数据搬运 {number} 次（按规则计 0）",
    "#{number:number} {title:noun}": "{title} {number} 次",
    "{number:number} operation(s)": "{number} 个运算",
    "{number:number} layer(s)": "{number} 层",
    "{number:number} row(s)": "{number} 行",
    "{number:number} container(s)": "{number} 个容器",
    "{number:number} model(s)": "{number} 个模型",
}

_COLUMNS = {
    "layer": "层",
    "type": "类型",
    "output": "输出",
    "calls": "调用次数",
    "parameters": "参数量",
    "frozen": "冻结",
    "integer MACs": "整数 MACs",
    "FLOPs ({convention:convention})": "FLOPs（{convention}）",
    "MACs ({convention:convention})": "MACs（{convention}）",
    "share": "占比",
    "forward": "前向",
    "again": "重新计算",
    "recomputed": "重新计算",
    "∂input": "∂输入",
    "∂weight": "∂权重",
    "backward": "反向",
    "optimizer": "优化器",
    "optimizer ({name})": "优化器 {name}",
    "step": "训练步",
    "what the layer is, and its settings": "层的种类及其设置",
    "how often the layer is called in one forward": "一次前向传播中该层被调用的次数",
    "each parameter once, at its first use": "每个参数只在首次使用处计一次",
    "parameters that are not trained": "不训练的参数",
    "multiply-accumulates": "乘加运算次数",
    "the convention's own number": "该计数约定自身的数字",
    "of all parameters": "占全部参数的比例",
    "of all {unit} by {convention}": "占全部 {unit}（{convention}）的比例",
    "of all MACs": "占全部 MACs 的比例",
    "of all FLOPs": "占全部 FLOPs 的比例",
    "of all {unit} of a training step": "占一个训练步全部 {unit} 的比例",
    "{unit} of the forward": "前向传播的 {unit}",
    "{unit} of what gradient checkpointing computes a second time": "梯度检查点重新计算部分的 {unit}",
    "{unit} of the gradients of what flows through the layer": "求该层输入梯度的 {unit}",
    "{unit} of the gradients of its weights": "求该层权重梯度的 {unit}",
    "{unit} of the optimizer's work on its parameters": "优化器更新该层参数的 {unit}",
    "{unit} of a training step: forward, gradients and optimizer": "一个训练步的 {unit}：前向传播、梯度与优化器",
}

_CELLS = {
    "total": "合计",
    "shared": "共享",
    "counted at the first call": "已在首次调用处计入",
    "({call:number} of {calls:number})": "(第 {call}/{calls} 次)",
    " ({call:number} of {calls:number})": " (第 {call}/{calls} 次)",
    "(not called)": "(未被调用)",
    "✗ fails here": "✗ 在此失败",
    "other ({what:text})": "其他（{what}）",
    "{number:number} rows are folded into this one": "{number} 行折叠于此",
    "{path} {number:number} rows are folded into this one": "{path} {number} 行折叠于此",
    "no bias": "无偏置",
    "ceil": "向上取整",
    "no ceil": "向下取整",
    "bidirectional": "双向",
    "window {size}": "窗口 {size}",
    "{tensor:word} by {steps}": "{tensor}（由 {steps} 计算）",
}

_CAPTIONS = {
    "layers in call order": "各层，按调用顺序",
    "layers in call order, down to depth {depth:number}": "各层，按调用顺序，展开到第 {depth} 级",
    "layers by type": "各层，按类型排序",
    "layers by {number:text}, largest first": "各层，按{number}从大到小",
    "frozen parameters": "冻结的参数量",
    "input elements": "输入元素个数",
    "output elements": "输出元素个数",
    "the forward": "前向传播",
    "what is computed again": "重新计算部分",
    "inputs' gradients": "输入的梯度",
    "weights' gradients": "权重的梯度",
    "the optimizer's work": "优化器的运算",
    "the training step": "训练步",
    "{hidden} of {rows} rows are folded away{where:text}; -d all, or with_look(depth={depth}), shows all": (
        "{rows} 行中有 {hidden} 行被折叠{where}；-d all 或 with_look(depth={depth}) 可全部显示"
    ),
    " inside {containers:text} marked ▸": "在标有 ▸ 的{containers}中",
    " in “other”": "在“其他”中",
    "-d all, or with_look(depth={depth}), shows all": "-d all 或 with_look(depth={depth}) 可全部显示",
}

_EXPLANATION = {
    "convention {name}": "计数约定 {name}",
    "output size": "输出尺寸",
    "how often the window fits": "窗口能放置的次数",
    "computed again": "重新计算",
    "computed again {unit}": "重新计算的 {unit}",
    "backward {unit}": "反向传播的 {unit}",
    "optimizer {unit}": "优化器的 {unit}",
    "; ": "；",
    ", ": "，",
    ":": "：",
    ": ": "：",
    "together": "合计",
    "the forward together": "前向传播合计",
    "what the symbols mean": "符号的含义",
    "symbol": "符号",
    "meaning": "含义",
}

_EXPORTS = {
    "{model}, input {shapes:text}, {mode:text}, convention {name} ({unit})": (
        "{model}，输入 {shapes}，{mode}，计数约定 {name}（{unit}）"
    ),
    "input gradients": "输入的梯度",
    "weight gradients": "权重的梯度",
    "training step": "训练步",
}

TABLES = MappingProxyType({**_HEADER, **_DETAILS, **_COLUMNS, **_CELLS, **_CAPTIONS, **_EXPLANATION, **_EXPORTS})
