"""Differences, comparisons and conventions side by side; and what an answer says to a question that has none."""

from __future__ import annotations

from types import MappingProxyType

_DIFFERENCE = {
    "layers: {kinds:list}": "层：{kinds}",
    "blocks: {kinds:list}": "块：{kinds}",
    "{number:number} added": "新增 {number}",
    "{number:number} removed": "移除 {number}",
    "{number:number} changed": "改变 {number}",
    "{number:number} only renamed": "仅改名 {number}",
    "{number:number} unchanged": "未变 {number}",
    "only renamed": "仅改名",
    "only the forward is compared: {label} has no training step": "只比较前向传播：{label} 没有训练步",
    "✗ {label} stopped at {layer}: its numbers are those of the layers up to there": (
        "✗ {label} 在 {layer} 处中止：其数字只包括到该处为止的各层"
    ),
    "? {label} has operations without a rule, left out of its numbers: {names:tally}": (
        "? {label} 中有些运算没有规则，未计入其数字：{names}"
    ),
    "{measure:text} {number:amount}, the same": "{measure} {number}，不变",
    "{before:text} → {after:text}": "{before} → {after}",
    "parameters {before:amount} → {after:amount} ({more})": "参数量 {before} → {after} ({more})",
    "integer MACs {before:amount} → {after:amount} ({more})": "整数 MACs {before} → {after} ({more})",
    "{first} and {second} are different units: both stand here, without a difference": (
        "{first} 与 {second} 是不同的单位：两者都列出，不求差"
    ),
    "before: {convention:text}": "之前：{convention}",
    "after: {convention:text}": "之后：{convention}",
    "change": "变化",
    "what differs beside the numbers": "数字以外的不同",
    "{measure:text} before": "之前的{measure}",
    "{measure:text} after": "之后的{measure}",
    "Δ {measure:text}": "Δ {measure}",
    "Δ parameters": "Δ 参数量",
    "after less before": "之后减之前",
    "FLOPs of {what:text}": "{what}的 FLOPs",
    "MACs of {what:text}": "{what}的 MACs",
    "{caption:text}, the largest difference of {unit:text} first": "{caption}，按{unit}之差从大到小",
    "{caption:text}, down to depth {depth:number}": "{caption}，展开到第 {depth} 级",
    "{caption:text}, in call order": "{caption}，按调用顺序",
    "all layers": "全部层",
    "layers that differ": "有差异的层",
    "smaller differences, or none": "差异较小，或没有差异",
    "{number:number} layer(s) renamed": "{number} 层改名",
    "{words:text}, else the same": "{words}，其余相同",
    "{words:text}, else the same but for shapes": "{words}，除形状外其余相同",
    " but for shapes": "，除形状外",
    "other shapes or dtypes": "形状或 dtype 不同",
    "{number:number} under another number": "{number} 层编号不同",
    "{number:number} layer(s), numbers alike": "{number} 层，数字相同",
    "{number:number} layer(s) unchanged": "{number} 层未变",
    " unchanged": "未变",
    ", numbers alike": "，数字相同",
    "added": "新增",
    "removed": "移除",
    "changed": "改变",
    "renamed": "改名",
    "unchanged": "未变",
    "same": "未变",
    "added: {type} ({layers:text})": "新增：{type}（{layers}）",
    "removed: {type} ({layers:text})": "移除：{type}（{layers}）",
    "output {before} → {after}": "输出 {before} → {after}",
    "input {before} → {after}": "输入 {before} → {after}",
    "from {before} to {after}": "从 {before} 到 {after}",
    "trainable {change}": "可训练 {change}",
    "not called any more": "不再被调用",
    "called now": "现在被调用",
    "what is inside": "内部有变化",
    "was {path}": "原为 {path}",
    "trained otherwise": "训练方式不同",
    "counted otherwise": "计数方式不同",
}

_COMPARISON = {
    "totals, {order:text}": "总数，{order}",
    "in the order given": "按给出的顺序",
    "by {column:text}, largest first": "按{column}从大到小",
    "✗ {label} stopped: its numbers are those of the layers up to there": (
        "✗ {label} 中止：其数字只包括到该处为止的各层"
    ),
    "? {label} has operations without a rule, left out: {names:tally}": "? {label} 中有些运算没有规则，未计入：{names}",
    "model": "模型",
    "mode": "模式",
    "convention": "计数约定",
    "each convention's own number": "各计数约定自身的数字",
    "a training step: forward, gradients and optimizer": "一个训练步：前向传播、梯度与优化器",
    "{number:text} ÷ first": "{number} ÷ 第一个",
    "how many times the first model's {number:text}": "是第一个模型的{number}的多少倍",
    "convention's count": "计数约定的数字",
    "a forward alone": "只有前向传播",
    "FLOPs and MACs of a training step": "训练步的 FLOPs 与 MACs",
    "MACs and FLOPs of a training step": "训练步的 MACs 与 FLOPs",
    "{units} of a training step": "训练步的 {units}",
    "{units} of a training step ({convention})": "训练步的 {units}（{convention}）",
    " at {shapes:text}": "（输入 {shapes}）",
    "no input": "无输入",
    " in {dtypes}": "（{dtypes}）",
    " in a forward": "（前向传播）",
    " in a step with {optimizer:text}": "（训练步，{optimizer}）",
    " in a step with {optimizer:text} and its input's gradient": "（训练步，{optimizer}，另求输入的梯度）",
    " and its input's gradient": "，另求输入的梯度",
    " in each module's own mode": "（各模块保持原有模式）",
    " in {mode:name} mode": "（{mode} 模式）",
    " by {convention}": "（{convention}）",
    " with {number} parameters": "（{number} 个参数）",
}

_SIDE_BY_SIDE = {
    "unit": "单位",
    "of {ours}": "与 {ours} 之比",
    "why": "原因",
    "why it differs from {ours}": "与 {ours} 不同的原因",
    "{cause:text} (×{factor} here)": "{cause}（此处 ×{factor}）",
    "{number} {unit} a training step by {convention}": "每个训练步 {number} {unit}（{convention}）",
    "the lines below a convention add up to its difference from ours; ! marks a fault of the tool": (
        "每个约定下面各行之和等于它与我们的数字之差；! 表示工具的缺陷"
    ),
    "{operations:text} without a rule of ours: the difference counts them as 0": (
        "{operations}在我们这里没有规则：求差时计 0"
    ),
    "(forward): the tool counts no backward pass, so its forward is compared with ours alone, {number} {unit}": (
        "（前向）：该工具不计反向传播，因此只与我们的前向传播比较，后者为 {number} {unit}"
    ),
    "{name:name} (forward)": "{name}（前向）",
    "which it calls {name:text}": "该工具称之为 {name}",
}

_REFUSALS = {
    "there is no view {view}; there are: {views}": "没有 {view} 这种视图；可选的有：{views}",
    "there is no language {lang}; there are: {languages}": "没有 {lang} 这种语言；可选的有：{languages}",
    "there is no column {name}; there are: {columns}": "没有 {name} 这一列；可选的有：{columns}",
    "cannot sort by {column}; a table sorts by: {columns}": "不能按 {column} 排序；表格可按以下各列排序：{columns}",
    "{name} belongs to a training step: ask for it with --train, or training=True": (
        "{name} 属于训练步：请用 --train 或 training=True"
    ),
    "{name} is at least 1, not {number}": "{name} 至少为 1，不能是 {number}",
    "{model} has no layer {path} in this report{hint:text}": "在这份报告中，{model} 没有名为 {path} 的层{hint}",
    "; close to it: {names}": "；相近的有：{names}",
    "a report is compared with another report, not with {type}": "报告只能与另一份报告比较，不能与 {type} 比较",
    "{path} is a container; ask for one of its layers: {names}": "{path} 是一个容器；请指定其中的一层：{names}",
    "there is no layer {path} on either side of {labels}": "{labels} 的两边都没有名为 {path} 的层",
    "a difference has no column {name}; it has: {columns}": "差异表没有 {name} 这一列；可选的有：{columns}",
    "a difference has two sides; here are {number}: use report.diff(other)": (
        "差异只有两边，这里有 {number} 个模型：请用 report.diff(other)"
    ),
    "no model is called {label}; there are: {labels}": "没有名为 {label} 的模型；现有：{labels}",
    "models are sorted by: {columns}; not by {column}": "模型可按以下各项排序：{columns}；不能按 {column}",
    "top, columns and everything are for the difference of two models": (
        "top、columns 与 everything 只用于两个模型的差异"
    ),
    "there is no chart {kind}; there are: {kinds}": "没有 {kind} 这种图；可选的有：{kinds}",
    "there is no chart of {column}; there are: {columns}": "没有 {column} 的图；可选的有：{columns}",
    "the work is {works}, not {column}": "计算量只能是 {works}，不能是 {column}",
    "a chart is by 'layer' or by 'type', not {by}": "图只能按 'layer' 或 'type' 分组，不能按 {by}",
    "the two sides count in different units, so their bars cannot be compared; plot 'macs'": (
        "两边的计数单位不同，条形无法比较；请画 'macs'"
    ),
    "there is no {name} in this table; there are: {names}": "这张表里没有 {name}；现有：{names}",
    "this report is of a forward alone; cost(model, size, training=True) has a training step": (
        "这份报告只有前向传播；cost(model, size, training=True) 才有训练步"
    ),
    "{convention} counts no backward pass, its number is of a forward; textbook and macs count whole steps": (
        "{convention} 不计反向传播，它的数字只是前向传播的；textbook 与 macs 计整个训练步"
    ),
    "there is no convention {name}; there are: {names}": "没有名为 {name} 的计数约定；可选的有：{names}",
    "there is no convention {name}; did you mean {near}? there are: {names}": (
        "没有名为 {name} 的计数约定；是不是想写 {near}？可选的有：{names}"
    ),
    "there is no optimizer {name}; there are: {names}, or None": "没有名为 {name} 的优化器；可选的有：{names}，或 None",
    "there is no optimizer {name}; did you mean {near}? there are: {names}, or None": (
        "没有名为 {name} 的优化器；是不是想写 {near}？可选的有：{names}，或 None"
    ),
    "; did you mean {near}?": "；是不是想写 {near}？",
}

_CALLS = {
    "give the models to compare: compare(net_a, net_b, input_size=(3, 224, 224))": (
        "请给出要比较的模型：compare(net_a, net_b, input_size=(3, 224, 224))"
    ),
    "model {number:number}, {type}: {message:text}": "第 {number} 个模型 {type}：{message}",
    "model {number:number}, {type}": "第 {number} 个模型 {type}",
    "labels are {number} different names, one for each model; not so {labels}": (
        "labels 应为 {number} 个互不相同的名称，每个模型一个；{labels} 不符"
    ),
    "give models one by one, as in compare(*models), or in pairs: compare((net, (3, 32, 32)), …)": (
        "请逐个给出模型，如 compare(*models)，或成对给出：compare((net, (3, 32, 32)), …)"
    ),
    "a report has its input already: give the model, or the report without a size": (
        "报告已经有输入：请给出模型，或给出报告而不带尺寸"
    ),
    "input_grad belongs to a training step: give training=True": "input_grad 属于训练步：请给出 training=True",
    "give either input_size or input_data, not both": "input_size 与 input_data 只能给一个",
    "mode is 'eval', 'train' or 'same', not {mode}": "mode 只能是 'eval'、'train' 或 'same'，不能是 {mode}",
    "a training step runs in train mode; leave mode out, or give mode='same' for modules as they are": (
        "训练步在 train 模式下运行；请省略 mode，或用 mode='same' 保持各模块原样"
    ),
    "optimizer is a name ({names}) or None, not {given:text}": "optimizer 应为名称（{names}）或 None，不能是{given}",
    "the class {name}": "类 {name}",
    "an object of {type}": "{type} 的对象",
    "{operations:text} of {model} without a rule, left out of the totals: {names:tally}; see report.uncounted, "
    "or give a rule: textbook.with_rules({{'{key}': '2 * n'}})": (
        "{model} 中有{operations}没有规则，未计入总数：{names}；见 report.uncounted，"
        "或给出一条规则：textbook.with_rules({{'{key}': '2 * n'}})"
    ),
}

_RULES = {
    "rule for {name}: the function gave {result}, which is no whole number": (
        "{name} 的规则：函数给出 {result}，不是整数"
    ),
    "rule for {name}: {symbol} is none of its symbols; there are: {symbols}": (
        "{name} 的规则：{symbol} 不是它的符号；可用的有：{symbols}"
    ),
    "rule for {name}: {formula} divides by zero where {values}": "{name} 的规则：{formula} 在 {values} 时除以零",
    "a rule is for a kind, an operation or an elementary operation, by its name; not {key}": (
        "规则用名称指明一类运算、一个运算或一种基本运算；不能是 {key}"
    ),
    "there is no kind {key} to make a rule for; did you mean {near}?": (
        "没有 {key} 这类可定规则的运算；是不是想写 {near}？"
    ),
    "only batch_norm can be {folded} into the layer before it, not {key}": (
        "只有 batch_norm 可以用 {folded} 并入前一层，{key} 不可以"
    ),
    "{key} is a kind of elementary operation; its rule is a whole number, not {rule}": (
        "{key} 是一种基本运算；其规则应为整数，不能是 {rule}"
    ),
    "rule for {key}: give a number, a formula's text or a function, not {rule}": (
        "{key} 的规则：请给出数字、公式文本或函数，不能是 {rule}"
    ),
    "rule for {key}: {error:text}": "{key} 的规则：{error}",
    "cannot read the formula {text}: {message:text}": "无法读懂公式 {text}：{message}",
    "invalid syntax": "语法错误",
    "a formula has only + - * / //, whole numbers and symbols; not so {text}": (
        "公式只能含 + - * / //、整数与符号；{text} 不符"
    ),
    "{name} counts whole traces": "{name} 只对整次运行计数",
    "{name} counts as {tool} does; rules go with textbook, macs or paper": (
        "{name} 照 {tool} 的方式计数；规则只能用于 textbook、macs 或 paper"
    ),
}

_FORMULAS = {
    "sizes, stride and dilation are at least 1, padding at least 0": "大小、步幅与膨胀率至少为 1，填充至少为 0",
    "a kernel of {kernel} (dilation {dilation}) does not fit into {size} + 2·{padding} positions": (
        "大小为 {kernel}（膨胀率 {dilation}）的卷积核放不进 {size} + 2·{padding} 个位置"
    ),
    "{number} numbers are needed, one for each spatial dimension, not {values}": (
        "需要 {number} 个数，每个空间维一个，不能是 {values}"
    ),
    "a layer has 1, 2 or 3 spatial dimensions, not the {number} of {size}": (
        "层有 1、2 或 3 个空间维，而 {size} 有 {number} 个"
    ),
    "{groups} groups do not divide {inputs} input and {outputs} output channels": (
        "分组数 {groups} 不能整除输入通道数 {inputs} 与输出通道数 {outputs}"
    ),
    "the output would have {size} positions; there must be at least 1 along each axis": (
        "输出将有 {size} 个位置；每个轴上至少要有 1 个"
    ),
    "{kind} is no kind that is counted per element; see formulas.FORMULAS": (
        "{kind} 不是按元素计数的运算；见 formulas.FORMULAS"
    ),
    "{kind} is no recurrent layer: lstm, gru, rnn_tanh or rnn_relu": (
        "{kind} 不是循环层；循环层有 lstm、gru、rnn_tanh 与 rnn_relu"
    ),
}

ANSWERS = MappingProxyType(
    {**_DIFFERENCE, **_COMPARISON, **_SIDE_BY_SIDE, **_REFUSALS, **_CALLS, **_RULES, **_FORMULAS}
)
