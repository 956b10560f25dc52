"""What the panel's Python says: what can be changed and what cannot, a row's details, files and variables."""

from __future__ import annotations

from types import MappingProxyType

_CONTROLS = {
    "kernel": "卷积核",
    "resolution": "分辨率",
    "padding": "填充",
    "number": "数值",
    "ratio": "比值",
    "the input keeps its size: {reason:text}": "输入保持原有大小：{reason}",
    "the model takes a list of images, each of its own size": "模型接收一组图像，各有各的大小",
    "an input holds whole numbers whose values matter": "有一个输入是整数，其数值会影响结果",
    "the inputs are of different sizes": "各输入的大小不同",
    "the first layer takes inputs of this size only": "第一层只接受这种大小的输入",
}

_MODEL = {
    "the model was run for real (execute=True), which takes its weights: see other settings there": (
        "模型是实际运行的（execute=True），需要用到权重：其他设置请在代码中尝试"
    ),
    "{model} is gone: keep the model in a variable, and make the report and its panel again": (
        "{model} 已不存在：请把模型保存在变量中，再重新生成报告与面板"
    ),
    "a copy of {model} does not run as in this report: the model was changed since, "
    "or its forward reaches it from outside; make the report again": (
        "{model} 的副本与这份报告运行得不一样：模型后来改动过，或其 forward 从外部引用了它；请重新生成报告"
    ),
    "{model} cannot be copied to be changed ({error})": "{model} 无法复制，因而不能试改（{error}）",
    "{model} holds weights that are computed from others, so the framework does not "
    "copy it: build the model once more, and change that one": (
        "{model} 有些权重由其他权重算得，框架无法复制它：请再构建一个模型，并改动那一个"
    ),
    "an input is a {type}, which cannot be written as code: change a copy of the model": (
        "有一个输入是 {type}，无法写成代码：请改动模型的副本"
    ),
    "the input of {model} has no {name:text} that can be changed": "{model} 的输入没有可改变的{name}",
    "the {name:text} is a whole number from 1 to {most}, not {value}": "{name}应为 1 到 {most} 的整数，不能是 {value}",
    "the dtype cannot be {value}: it is one of {choices}": "dtype 不能是 {value}：可选的有 {choices}",
    "the dtype cannot be {value}: these weights keep theirs": "dtype 不能是 {value}：这些权重的 dtype 不能改变",
    "the mode is one of {modes}, not {value}": "模式可选 {modes}，不能是 {value}",
    "an input of {shape} is too large to be made": "形状为 {shape} 的输入太大，无法生成",
    "the what-if was not counted: {why:text}": "未能为这个“假如”计数：{why}",
    "interrupted": "被中断",
}

_LAYERS = {
    "{model} has no layer {path} whose settings can be changed": "{model} 没有可改变设置的层 {path}",
    "{layer} is lazy: it has no sizes yet; run the model once on a real input": (
        "{layer} 是惰性层：尚无大小；请先用真实输入运行一次模型"
    ),
    "`{path}` cannot be so large: its weights have more elements than can be counted": (
        "`{path}` 不能这么大：其权重的元素个数已无法计数"
    ),
    "{layer} keeps its kernel, groups and channels: {why:text}": "{layer} 的卷积核、分组与通道不能改变：{why}",
    "its weight is computed from others by a parametrization": "其权重经参数化由其他权重算得",
    "it has parameters besides weight and bias ({names})": "除权重与偏置外它还有其他参数（{names}）",
    "it shares its weight with {layers}": "它与 {layers} 共享权重",
    "{layer} has no {setting} to change; it has: {settings}": "{layer} 没有可改变的 {setting}；它有：{settings}",
    "{layer} cannot have padding={value}; give a number from 0": "{layer} 不能有 padding={value}；请给出不小于 0 的数",
    "{layer} cannot have {setting}={value}; give a whole number from {least} to {most}": (
        "{layer} 不能有 {setting}={value}；请给出 {least} 到 {most} 的整数"
    ),
    "{layer} takes {rank:number} numbers as {setting} ({axes:text}), not {number:number}": (
        "{layer} 的 {setting} 应为 {rank} 个数（{axes}），不能是 {number} 个"
    ),
    "{layer} cannot put {number:number} channels into {groups} equal groups": (
        "{layer} 无法把 {number} 个通道平分为 {groups} 组"
    ),
    "{layer} cannot put {number:number} {side:word} channels into {groups:number} equal groups; "
    "it can have: {several}": "{layer} 无法把 {number} 个{side}通道平分为 {groups} 组；可选的组数：{several}",
    "{layer} cannot have padding='same' with a stride above 1; give the padding as a number": (
        "{layer} 步幅大于 1 时不能有 padding='same'；请用数字给出填充"
    ),
    "{layer} has an output_padding of {extra}, which must be smaller than its stride": (
        "{layer} 的 output_padding 为 {extra}，必须小于其步幅"
    ),
    "one for the length": "长度方向一个",
    "height and width": "高度、宽度",
    "depth, height and width": "深度、高度、宽度",
    "{layer} can be padded by at most half its window, {most}, not {padding}": (
        "{layer} 的填充最多为窗口的一半，即 {most}，不能是 {padding}"
    ),
    "{what:text}; nothing here can follow: change the other side, too": (
        "{what}；这里没有可随之匹配的层：请把另一侧也改掉"
    ),
    "{what:text}; with what follows made to fit: {then:text}": "{what}；让后面的层随之匹配时：{then}",
    "{layer} stops: {error}": "{layer} 处中止：{error}",
}

_STATE = {
    "a panel shows a report, not a {type}: cost(model, size).panel()": (
        "面板显示的是报告，不能是 {type}：cost(model, size).panel()"
    ),
    "{model} has no column {name}; {hint:text}": "{model} 没有 {name} 这一列；{hint}",
    "{model} has no row {name}; {hint:text}": "{model} 没有 {name} 这一行；{hint}",
    "{model} has no layer of type {name}; {hint:text}": "{model} 没有 {name} 类型的层；{hint}",
    "a panel cannot be sorted by {name}; {hint:text}": "面板不能按 {name} 排序；{hint}",
    "there is no chart of {name}; {hint:text}": "没有 {name} 的图；{hint}",
    "there is no chart {name}; {hint:text}": "没有 {name} 这种图；{hint}",
    "{key} of a what-if cannot be {value}": "“假如”的 {key} 不能是 {value}",
    "{key} of a view cannot be {value}": "视图的 {key} 不能是 {value}",
    "{key} of a change of a layer cannot be {value}": "层的改变中 {key} 不能是 {value}",
    "there are: {names}": "可选的有：{names}",
    "did you mean {near:choice}?": "是不是想写 {near}？",
    "a what-if is a dict with: {keys}; not {given}": "“假如”应为含有这些键的字典：{keys}；不能是 {given}",
    "a what-if has no {key}; it has: {keys}": "“假如”没有 {key}；它有：{keys}",
    "a view is a dict with: {keys}; not {given}": "视图应为含有这些键的字典：{keys}；不能是 {given}",
    "a view has no {key}; it has: {keys}": "视图没有 {key}；它有：{keys}",
    "a change of a layer is a dict with: {keys}; not {given}": "层的改变应为含有这些键的字典：{keys}；不能是 {given}",
    "a change of a layer has no {key}; it has: {keys}": "层的改变没有 {key}；它有：{keys}",
}

_DETAILS = {
    "the sum of what is inside": "内部各项之和",
    "{number:number} others": "其余 {number} 项",
    "of the forward alone": "只计前向传播",
    "counts nothing here": "此处不计",
    "counted with the module around it, in that module's first row": "与其所在的模块一起计在该模块的第一行",
    "its one number for the whole module around it stands in this row": "它给整个模块的那一个数列在这一行",
    "a notebook cell": "笔记本单元格",
    "{unit} together": "{unit} 合计",
}

_FILES = {
    "there is no format {name}; there are: {names}": "没有 {name} 这种格式；可选的有：{names}",
    "there is no notebook here to put a variable into; in Python it is panel.report": (
        "这里没有可存入变量的笔记本；在 Python 中请用 panel.report"
    ),
    "{name} is no name for a variable: letters, digits and _ make one, as in my_report": (
        "{name} 不能用作变量名：变量名由字母、数字与 _ 组成，如 my_report"
    ),
    "{name} is a name that IPython itself uses; choose another one": "{name} 是 IPython 自己使用的名称；请另选一个",
    "{name} is a model ({type}), which would be lost; choose another name": (
        "{name} 是模型（{type}），存入会使它丢失；请另选一个名称"
    ),
    "{name} now holds the report": "报告已存入 {name}",
    "{name} now holds the report; what it held before ({type}) is gone from there": (
        "报告已存入 {name}；它原来的内容（{type}）已被替换"
    ),
}

WHAT_IF = MappingProxyType({**_CONTROLS, **_MODEL, **_LAYERS, **_STATE, **_DETAILS, **_FILES})
