"""Models and inputs: what was assumed, what does not fit and what to do, and why an operation has no formula."""

from __future__ import annotations

from types import MappingProxyType

_NOTES = {
    "no input given": "没有给出输入",
    "no input given: assumed {shape}": "没有给出输入：假定为 {shape}",
    "no input given: assumed {shape}; {size:shape} does not fit: {reason:text}": (
        "没有给出输入：假定为 {shape}；{size} 不合适：{reason}"
    ),
    "no input given: assumed {shape}; {size:shape} fits too": "没有给出输入：假定为 {shape}；{size} 也合适",
    "{size} fits too": "{size} 也合适",
    "{size} does not fit: {reason:text}": "{size} 不合适：{reason}",
    "{note:text}; {size:shape} does not fit: {reason:text}": "{note}；{size} 不合适：{reason}",
    "{shapes} read as {what:text}: batch {size:number}": "{shapes} 按{what}理解：批量 {size}",
    "{shapes} read as one sample each: batch {size:number}": "{shapes} 各按一个样本理解：批量 {size}",
    "one sample each": "各一个样本",
    "one image": "一幅图像",
    "one sample": "一个样本",
    "compiled model: the original module is counted": "已编译的模型：按原模块计数",
    "{type}: the module inside is counted, once": "{type}：只对其内部的模块计数一次",
}

_SHAPES = {
    "cannot read the shape {text}; write it as 1,3,224,224 or 3x224x224": (
        "无法读懂形状 {text}；请写成 1,3,224,224 或 3x224x224"
    ),
    "a shape consists of whole numbers, such as (1, 3, 224, 224); not so {shape}": (
        "形状由整数组成，如 (1, 3, 224, 224)；{shape} 不符"
    ),
    "an empty shape has no elements; write it as 1,3,224,224": "空形状没有元素；请写成 1,3,224,224",
    "every size is at least 1; not so in {sizes}": "每一维至少为 1；{sizes} 不符",
    "{sizes} is no input's shape; write it as 1,3,224,224": "{sizes} 不是输入的形状；请写成 1,3,224,224",
    "an empty dict names no input; write it as {{'image': (1, 3, 224, 224)}}": (
        "空字典没有指明输入；请写成 {{'image': (1, 3, 224, 224)}}"
    ),
    "input_data has its own batch and dtypes; give batch_size and dtypes with input_size only": (
        "input_data 自带批量与 dtype；batch_size 与 dtypes 只能与 input_size 一起给出"
    ),
    "input_data holds no tensor: {type}; give tensors, or a shape as input_size": (
        "input_data 中没有张量：{type}；请给出张量，或用 input_size 给出形状"
    ),
    "{name} is a tensor, not a {type}": "{name} 应为张量，不能是 {type}",
    "missing a required argument: {name}": "缺少参数 {name}",
    "missing a required keyword-only argument: {name}": "缺少关键字参数 {name}",
    "too many positional arguments": "位置参数过多",
    "got an unexpected keyword argument {name}": "没有名为 {name} 的参数",
    "{function} got an unexpected keyword argument {name}": "{function} 没有名为 {name} 的参数",
    "the forward of {model} takes {signature}, which the inputs do not match: {why:text}": (
        "{model} 的 forward 的参数为 {signature}，与所给输入不符：{why}"
    ),
    "a nested tensor holds several shapes in one; give a padded tensor, or a list of tensors": (
        "嵌套张量含有多个形状；请给出填充后的张量，或张量的列表"
    ),
    "that is a tensor, not a shape: give it as input_data": "这是张量，不是形状：请用 input_data 给出",
    "that is an array, not a shape: give it as input_data, through torch.from_numpy": (
        "这是数组，不是形状：请经 torch.from_numpy 用 input_data 给出"
    ),
    "a shape is written (1, 3, 224, 224) or '3x224x224'; that is a {type}": (
        "形状写成 (1, 3, 224, 224) 或 '3x224x224'；所给的是 {type}"
    ),
    "the batch size is a whole number from 1, not {size}": "批量大小是不小于 1 的整数，不能是 {size}",
    "an input of {shape} cannot be made: {error}": "无法生成形状为 {shape} 的输入：{error}",
    "{dtypes} dtypes for {number} inputs: give one, or one for each": (
        "{number} 个输入给了 {dtypes} 个 dtype：请给一个，或每个输入各给一个"
    ),
    "there is no dtype {name}; float32, float16, bfloat16 and int64 are usual": (
        "没有 {name} 这种 dtype；常用的有 float32、float16、bfloat16 与 int64"
    ),
    "no input given, and the first layer of {model} is lazy: it takes what it is given, so nothing tells the size; "
    "give one: {how:text}": (
        "没有给出输入，而 {model} 的第一层是惰性层：给什么就接受什么，无从得知尺寸；请给出一个：{how}"
    ),
    "no input given, and none of the usual ones fits {model} (tried {shapes:text}; "
    "the first stops because {reason:text}); give one: {how:text}": (
        "没有给出输入，而常用的输入都不适合 {model}（试过 {shapes}；第一个中止的原因：{reason}）；请给出一个：{how}"
    ),
    "{shapes} and {number:number} more": "{shapes} 以及另外 {number} 个",
    "-i {shape} on the magic's line, or input_size=({sizes})": "在魔法命令行上写 -i {shape}，或 input_size=({sizes})",
}

_MODELS = {
    "{name} is a TorchScript module, whose layers can't be seen; give the nn.Module it was made from": (
        "{name} 是 TorchScript 模块，看不到其中的层；请给出生成它的 nn.Module"
    ),
    "{name} has no forward: put its layers into nn.Sequential, or give the model that uses it": (
        "{name} 没有 forward：请把它的层放进 nn.Sequential，或给出使用它的模型"
    ),
    "{name} is a class: call it to get a model, as in {call}, and give that": (
        "{name} 是一个类：请调用它得到模型，如 {call}，再给出该模型"
    ),
    "a state_dict holds weights but no layers: build the model, load_state_dict into it, and give the model": (
        "state_dict 只有权重，没有层：请先构建模型，用 load_state_dict 载入，再给出模型"
    ),
    "a checkpoint holds weights but no layers: build the model, load_state_dict into it, and give the model": (
        "检查点只有权重，没有层：请先构建模型，用 load_state_dict 载入，再给出模型"
    ),
    "{name} is a method of a {type}: give the module itself": "{name} 是 {type} 的方法：请给出模块本身",
    "a {type} of modules has no forward: put them into nn.Sequential(*layers)": (
        "模块的 {type} 没有 forward：请把它们放进 nn.Sequential(*layers)"
    ),
    "a TorchScript function has no layers to be seen; give the nn.Module it was made from": (
        "TorchScript 函数看不到其中的层；请给出生成它的 nn.Module"
    ),
    "an ExportedProgram is no module; give its .module(), or the model it was exported from": (
        "ExportedProgram 不是模块；请给出它的 .module()，或导出它的模型"
    ),
    "a tensor is no model; give an nn.Module, and the tensor as input_data": (
        "张量不是模型；请给出 nn.Module，并用 input_data 给出张量"
    ),
    "a model is an nn.Module, not the text {text}; build it first, as in torchvision.models.resnet18()": (
        "模型是 nn.Module，不是文本 {text}；请先构建它，如 torchvision.models.resnet18()"
    ),
    "{name} is a function: give an nn.Module; if it builds one, call it": (
        "{name} 是函数：请给出 nn.Module；如果它能构建模型，请调用它"
    ),
    "a model is an nn.Module, not a {type}": "模型是 nn.Module，不是 {type}",
    "{type} has lazy layers and cannot be copied ({error}), and giving them their sizes would change it; "
    "run the model once on a real input first": (
        "{type} 含有惰性层且无法复制（{error}），而确定其尺寸会改变模型；请先用真实输入运行一次模型"
    ),
    "{type} cannot be copied ({error}), and running it for real could change it; "
    "leave execute out to count it without running it": (
        "{type} 无法复制（{error}），而实际运行可能改变它；请省略 execute，不运行即可计数"
    ),
    "nothing to train: no output of {model} depends on a parameter in a way that has a gradient": (
        "没有可训练的内容：{model} 的输出都不以有梯度的方式依赖于参数"
    ),
    "nothing to train: {reason:text}; input_grad=True counts the gradient of its input alone": (
        "没有可训练的内容：{reason}；input_grad=True 可只计输入的梯度"
    ),
    "all parameters of {model} are frozen": "{model} 的参数全部冻结",
    "{model} has no parameters": "{model} 没有参数",
}

_MISMATCHES = {
    "the forward of {model} depends on the values of a tensor, which are not computed here{line:text}; "
    "run it for real with --execute (execute=True)": (
        "{model} 的 forward 依赖张量的值，而这里不计算值{line}；请用 --execute（execute=True）实际运行"
    ),
    " (line {number:number}, in {function})": "（第 {number} 行，在 {function} 中）",
    " (line {number:number}, in {function}: {source:code})": "（第 {number} 行，在 {function} 中：{source}）",
    "a gradient reaches a trainable tensor that {model} hides in a function of its own; "
    "make it a parameter of the model, or run it for real with --execute (execute=True)": (
        "梯度到达了 {model} 藏在自定义函数中的可训练张量；请把它设为模型的参数，或用 --execute（execute=True）实际运行"
    ),
    "{layer:layer} holds {held} weights, but the input is {given}; give dtypes='{dtype}' (--dtype {option})": (
        "{layer} 的权重为 {held}，而输入为 {given}；请给出 dtypes='{dtype}'（--dtype {option}）"
    ),
    "the forward of {model:name}": "{model} 的 forward",
    "{layer:layer} expects {expected} features but receives {received:number}{origin:text}": (
        "{layer} 需要 {expected} 个特征，但收到 {received} 个{origin}"
    ),
    " (from {shape} flattened)": "（由 {shape} 展平而来）",
    " (of {shape:shape})": "（形状 {shape}）",
    "{layer:layer} expects {expected:number} input channel(s) but receives {received:number} (of {shape:shape})": (
        "{layer} 需要 {expected} 个输入通道，但收到 {received} 个（形状 {shape}）"
    ),
    "{layer:layer} expects {rank} dimensions ({layout:text}) but receives {received}: {shape:shape}": (
        "{layer} 需要 {rank} 维（{layout}），但收到 {received} 维：{shape}"
    ),
    "input channel": "输入通道",
    "batch×channels×length": "批量×通道×长度",
    "batch×channels×height×width": "批量×通道×高度×宽度",
    "batch×channels×depth×height×width": "批量×通道×深度×高度×宽度",
    "batch": "批量",
    "{layer:layer} has a window of {window} but receives only {size:shape}{padding:text}": (
        "{layer} 的窗口为 {window}，但收到的输入只有 {size}{padding}"
    ),
    " ({size:shape} with padding)": "（加填充后为 {size}）",
    "the input is too small for it": "输入对它来说太小",
    "{layer:layer} in train mode needs more than one value for each channel but receives {shape:shape}": (
        "{layer} 在 train 模式下每个通道需要不止一个值，但收到 {shape}"
    ),
    "give it a larger batch, or count it in eval mode": "请给更大的批量，或在 eval 模式下计数",
    "{layer:layer} expects {expected} channels but receives {received:number} (of {shape:shape})": (
        "{layer} 需要 {expected} 个通道，但收到 {received} 个（形状 {shape}）"
    ),
    "{layer:layer} expects {expected} channels but receives {received:number}": (
        "{layer} 需要 {expected} 个通道，但收到 {received} 个"
    ),
    "{layer:layer} expects {expected} at the end of its input but receives {shape:shape}": (
        "{layer} 的输入末尾应为 {expected}，但收到 {shape}"
    ),
    "{layer:layer} cannot put {channels} channels into {groups} equal groups": (
        "{layer} 无法把 {channels} 个通道平分为 {groups} 组"
    ),
    "{layer:layer} joins {first} and {second}, which differ in their dimensions": (
        "{layer} 拼接 {first} 与 {second}，两者维数不同"
    ),
    "{layer:layer} joins {first} and {second} along dimension {axis:number}{name:text}, "
    "but they differ in dimension {place:number}{other:text}: {here} and {there}": (
        "{layer} 沿第 {axis} 维{name}拼接 {first} 与 {second}，但两者第 {place} 维{other}不同：{here} 与 {there}"
    ),
    "{layer:layer} {verb:word} {first:shape} and {second:shape}, which differ in dimension {place:number}{name:text}: "
    "{here} and {there}": "{layer} 把 {first} 与 {second} {verb}，但两者第 {place} 维{name}不同：{here} 与 {there}",
    "adds": "相加",
    "subtracts": "相减",
    "multiplies": "相乘",
    "divides": "相除",
    "{layer:layer} multiplies {first} by {second}: {columns} columns meet {rows} rows": (
        "{layer} 把 {first} 与 {second} 相乘：{columns} 列对 {rows} 行"
    ),
    "{layer:layer} cannot view {shape} ({elements} elements) as {target} ({known} elements)": (
        "{layer} 无法把 {shape}（{elements} 个元素）变形为 {target}（{known} 个元素）"
    ),
    "{layer:layer} cannot view {shape} ({elements} elements) as {target} (a multiple of {known} elements)": (
        "{layer} 无法把 {shape}（{elements} 个元素）变形为 {target}（元素个数须为 {known} 的倍数）"
    ),
    "a multiple of ": "倍数：",
    "{remedy:text} or change the input to {shape:shape}": "{remedy}，或把输入改为 {shape}",
    "change the input to {shape:shape}": "请把输入改为 {shape}",
    "give it {setting}={value}": "请把它的 {setting} 改为 {value}",
}

_UNKNOWN = {
    "with a mask no formula is known; call scaled_dot_product_attention": (
        "带掩码时没有已知的公式；请调用 scaled_dot_product_attention"
    ),
    "on sparse or nested tensors, where how much is computed depends on what they hold": (
        "作用于稀疏或嵌套张量，计算量取决于其内容"
    ),
    "an operation from outside the framework": "框架之外的运算",
    "no formula is known for it": "没有已知的公式",
    "called in a way that its rule does not know": "调用方式不在其规则之内",
    "no formula is known for its gradient": "没有已知的梯度公式",
    "no formula is known for it on complex numbers": "对复数没有已知的公式",
    "it iterates until it converges: how often depends on the values": "迭代到收敛为止：次数取决于数值",
    "its count depends on the routine that a device has for it": "计数取决于设备所用的算法实现",
    "no formula is known for it but in a bilinear layer": "除双线性层之外，没有已知的公式",
    "a formula is known for square matrices only": "只有方阵有已知的公式",
    "no formula is known for these settings": "这种设置没有已知的公式",
    "its work depends on the values of the targets": "计算量取决于目标的值",
    "with pos_weight no formula is known": "带 pos_weight 时没有已知的公式",
    "with eps no formula": "带 eps 时没有公式",
    "a mask addresses as many elements as it is true": "掩码选取的元素个数取决于其中真值的个数",
    "no formula is known for an order other than 2": "阶数不为 2 时没有已知的公式",
    "how many values each bin holds depends on the boxes' values": "每个格子有多少值取决于框的值",
    "how many points are sampled depends on the boxes; give sampling_ratio": "采样点数取决于框；请给出 sampling_ratio",
    "a function of functions, in which no operation is heard": "以函数为参数的函数，其中的运算捕捉不到",
    "backward of {op}": "{op} 的反向",
}

INPUTS = MappingProxyType({**_NOTES, **_SHAPES, **_MODELS, **_MISMATCHES, **_UNKNOWN})
