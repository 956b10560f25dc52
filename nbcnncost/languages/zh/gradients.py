"""What the gradients of each kind are called and take, and an optimizer's step."""

from __future__ import annotations

from types import MappingProxyType

_TITLES = {
    "{title:text}, gradient of the {what:phrase}": "{title}，{what}的梯度",
    "input and offset and mask": "输入、偏移与掩码",
    "query and key and mask": "查询、键与掩码",
    "matrix and right": "矩阵与右端项",
    "angle": "辐角",
    "bias": "偏置",
    "direction": "方向",
    "divisor": "除数",
    "factor": "因子",
    "first": "第一个输入",
    "grid": "网格",
    "input": "输入",
    "key": "键",
    "logarithm": "对数项",
    "mask": "掩码",
    "matrix": "矩阵",
    "numerator": "分子",
    "offset": "偏移",
    "query": "查询",
    "right": "右端项",
    "sample_weights": "样本权重",
    "scaled": "被缩放项",
    "second": "第二个输入",
    "state": "初始状态",
    "states": "各步状态",
    "value": "值",
    "weight": "权重",
    "square": "平方",
    "pow2": "以 2 为底的幂",
    "reciprocal": "倒数",
    "cumsum": "累积和",
    "complex cumsum": "复数累积和",
    "repeat": "重复",
    "tile": "平铺",
    "repeat interleave": "逐元素重复",
    "index": "索引",
    "index select": "按索引选取",
    "gather": "收集",
    "unfold": "展开",
    "im2col": "展开（im2col）",
    "complex {title:text}": "复数{title}",
    "{title:text}, complex": "{title}，复数",
    "sum over what was broadcast": "对广播维度求和",
    "gradients that meet": "汇合的梯度",
    "SGD step": "SGD 更新",
    "momentum step": "动量法更新",
    "Adam step": "Adam 更新",
    "AdamW step": "AdamW 更新",
}

_PRODUCT = "一次与前向传播同样大小的乘积"
_STEPS = "沿时间步反向：相邻两步之间对隐状态作一次乘积"

_LAYERS = {
    "a product of the forward's size": _PRODUCT,
    "a product of the forward's size: the output's gradient meets the weights": f"{_PRODUCT}：输出的梯度与权重相乘",
    "a product of the forward's size: the output's gradient meets the input": f"{_PRODUCT}：输出的梯度与输入相乘",
    "a product of the forward's size: the output's gradient meets the sampled values": (
        f"{_PRODUCT}：输出的梯度与采样值相乘"
    ),
    "a product of the forward's size with the input's weights": f"{_PRODUCT}，与输入的权重相乘",
    "a product of the forward's size for both matrices": f"{_PRODUCT}，两个矩阵都有",
    "of the sampled values: a product of the forward's size": f"对采样值：{_PRODUCT}",
    "the gradient, scaled; a product of the forward's size": f"梯度缩放；{_PRODUCT}",
    "the output's gradient, summed": "输出的梯度求和",
    "the scores' gradient: a product with the values, the softmax's derivative (4), the scale (1)": (
        "注意力分数的梯度：与值作一次乘积，softmax 的导数（4），缩放（1）"
    ),
    "each output's gradient is added where its maximum was": "每个输出的梯度加到其最大值所在的位置",
    "each output's gradient is added where its extreme was": "每个输出的梯度加到其极值所在的位置",
    "each element of each window gets its share, added": "每个窗口的每个元素分得一份，累加",
    "as average pooling, by each true window": "同平均池化，按每个实际窗口计",
    "two sums, of the gradient and of its product with the normalized input; their means subtracted; scaled": (
        "两个和：梯度之和、梯度与归一化输入之积的和；减去它们的均值；再缩放"
    ),
    "times the weight; two sums, of the gradient and of its product with the normalized input; "
    "their means subtracted; scaled": ("乘权重；两个和：梯度之和、梯度与归一化输入之积的和；减去它们的均值；再缩放"),
    "times the weight; the sum of its product with the normalized input; the mean subtracted; scaled": (
        "乘权重；求其与归一化输入之积的和；减去均值；再缩放"
    ),
    "the gradient times the normalized input, summed": "梯度乘归一化输入，求和",
    "with fixed statistics the gradient is scaled": "统计量固定时只对梯度缩放",
    "gradient·output/base summed over the window, times input and constant (2); gradient·power; subtract": (
        "梯度·输出/底数在窗口内求和，乘输入与常数（2）；梯度·幂；相减"
    ),
    "back through the steps: a product for the hidden state between two; {rest:text}": f"{_STEPS}；{{rest}}",
    "derivatives of 3 sigmoids (9) and 2 tanh (6), 6 products, 2 sums": (
        "3 个 sigmoid（9）与 2 个 tanh（6）的导数，6 次乘，2 次加"
    ),
    "derivatives of 2 sigmoids (6) and a tanh (3), 5 products, a difference, 2 sums": (
        "2 个 sigmoid（6）与 1 个 tanh（3）的导数，5 次乘，1 次减，2 次加"
    ),
    "tanh's derivative (3), a sum": "tanh 的导数（3），一次加",
    "ReLU's derivative, a sum": "ReLU 的导数，一次加",
    "the first steps' product, where the initial state needs a gradient": "初始状态需要梯度时，首个时间步的乘积",
    "the gates' gradients, summed over the steps": "各门的梯度，对时间步求和",
    "each looked-up row's gradient is added to its row": "查到的每一行的梯度加回该行",
}

_ELEMENTS = {
    "passed on": "梯度原样传递",
    "passed on where the input is above 0": "输入大于 0 处传递梯度",
    "passed on between the bounds: two comparisons": "在上下界之间传递梯度：两次比较",
    "passed on outside the bounds": "在界外传递梯度",
    "passed on where it was selected": "在被选中处传递梯度",
    "a comparison, a product, a sum": "一次比较、一次乘、一次加",
    "two comparisons and a product": "两次比较、一次乘",
    "a product": "一次乘",
    "two products": "两次乘",
    "two products, summed": "两次乘，求和",
    "the derivative and a product": "导数与一次乘",
    "other pointwise: a product with the derivative": "其他逐元素运算：与导数相乘",
    "copied to each element": "复制到每个元素",
    "each element gets its share": "每个元素分得一份",
    "y·(1 − y)·gradient": "y·(1 − y)·梯度",
    "(1 − y²)·gradient": "(1 − y²)·梯度",
    "s·(1 + x·(1 − s))·gradient, with the sigmoid s": "s·(1 + x·(1 − s))·梯度，s 为 sigmoid",
    "two comparisons; (x/3 + 1/2)·gradient": "两次比较；(x/3 + 1/2)·梯度",
    "(Φ + x·φ)·gradient; φ is exp(−x²/2)/√(2π): square, times, exp, times": (
        "(Φ + x·φ)·梯度；φ 为 exp(−x²/2)/√(2π)：平方、乘、指数、乘"
    ),
    "½·(1 + t) + ½·x·(1 − t²)·u′ with u′ = √(2/π)·(1 + 3a·x²), times the gradient": (
        "½·(1 + t) + ½·x·(1 − t²)·u′，其中 u′ = √(2/π)·(1 + 3a·x²)，再乘梯度"
    ),
    "compare, (y + α)·gradient": "比较，(y + α)·梯度",
    "compare, (y + λα)·gradient": "比较，(y + λα)·梯度",
    "compare, (y/α + 1)·gradient": "比较，(y/α + 1)·梯度",
    "(1 − exp(−y))·gradient": "(1 − exp(−y))·梯度",
    "(t + x·(1 − t²)·s)·gradient, with the tanh t at hand and a sigmoid s (4)": (
        "(t + x·(1 − t²)·s)·梯度，tanh 值 t 已有，另算一个 sigmoid s（4）"
    ),
    "(1 − exp(y))·gradient": "(1 − exp(y))·梯度",
    "y·(gradient − Σ y·gradient)": "y·(梯度 − Σ y·梯度)",
    "gradient − exp(y)·Σ gradient": "梯度 − exp(y)·Σ 梯度",
    "s·gradient, and a·s·(1 − s)·gradient": "s·梯度，以及 a·s·(1 − s)·梯度",
    "the gradient times the other factor": "梯度乘另一个因子",
    "the gradient divided": "梯度除一次",
    "−y·gradient, divided": "−y·梯度，再除",
    "2·(x − mean)/n·gradient": "2·(x − 均值)/n·梯度",
    "2·x·gradient": "2·x·梯度",
    "−y²·gradient": "−y²·梯度",
    "x/y·gradient": "x/y·梯度",
    "(x/y)·gradient": "(x/y)·梯度",
    "exp(x − y)·gradient": "exp(x − y)·梯度",
    "−(x/y)·gradient, divided": "−(x/y)·梯度，再除",
    "the gradient scaled and divided": "梯度缩放，再除",
    "−(x/y)·gradient, scaled and divided": "−(x/y)·梯度，缩放，再除",
    "the logarithm times the gradient": "对数乘梯度",
    "gradient divided by x·(1 − x)": "梯度除以 x·(1 − x)",
    "−y·e/(1 + e)·gradient, with the exponential and its sum at hand": "−y·e/(1 + e)·梯度，指数及其和已有",
    "each output's gradient is added": "每个输出的梯度累加",
    "each output's gradient is added to where it was taken": "每个输出的梯度加回取值的位置",
    "each output's gradient, weighed and added, {times:number} times": "每个输出的梯度加权并累加，共 {times} 次",
    "gradients move back, nothing is computed": "梯度只是搬运回去，不作计算",
    "nothing depends on the input": "结果与输入无关",
    "whole numbers have no gradient": "整数没有梯度",
    "a rounded coordinate has no gradient": "取整后的坐标没有梯度",
    "a number of differences has no gradient": "差的个数没有梯度",
    "a number of elements has no gradient": "元素个数没有梯度",
    "the gradients, summed from the end": "梯度自末尾起累加",
    "both parts of the gradients, summed from the end": "梯度的实部与虚部自末尾起累加",
    "each copy's gradient is added": "每个副本的梯度累加",
    "both parts of each copy's gradient are added": "每个副本梯度的实部与虚部累加",
    "each value is copied back to its blocks": "每个值复制回它所在的各块",
    "each value's gradient is added to its row": "每个值的梯度加到它的行",
    "each value's gradient, weighed, is added to its row": "每个值的梯度加权后加到它的行",
    "each value times the gradient, summed": "每个值乘梯度，求和",
    "an argument that was broadcast gets the sum of its gradients": "被广播的参数得到其各梯度之和",
    "what is used more than once gets the sum of its gradients": "多次使用的量得到其各梯度之和",
}

_OTHERS = {
    "2·(x − y)·gradient": "2·(x − y)·梯度",
    "(x − y)/β between −1 and 1, times the gradient": "(x − y)/β 限制在 −1 与 1 之间，乘梯度",
    "x − y between −δ and δ, times the gradient": "x − y 限制在 −δ 与 δ 之间，乘梯度",
    "(x − y)/(x·(1 − x))·gradient": "(x − y)/(x·(1 − x))·梯度",
    "a sigmoid (4), less y, times the gradient": "一个 sigmoid（4），减 y，乘梯度",
    "the gradient, weighed, at the right class": "在正确类别处加权的梯度",
    "gradient times product, divided by the element": "梯度乘以乘积，再除以该元素",
    "gradient times element, divided by the norm": "梯度乘该元素，除以范数",
    "the gradient with the element's sign": "梯度带上该元素的符号",
    "compared with the largest, the gradient with the element's sign": "与最大值比较，梯度带上该元素的符号",
    "(|x|/y)ᵖ⁻¹·gradient with the element's sign": "(|x|/y)ᵖ⁻¹·梯度，带上该元素的符号",
    "(g/‖v‖)·(gradient − v·Σ v·gradient/‖v‖²)": "(g/‖v‖)·(梯度 − v·Σ v·梯度/‖v‖²)",
    "Σ v·gradient/‖v‖": "Σ v·梯度/‖v‖",
    "every other class: passed on where above 0 (times 2·z if p is 2), subtracted from the right one's; "
    "the mean's share": "其余每个类别：大于 0 处传递梯度（p 为 2 时乘 2·z），并从正确类别的梯度中减去；求平均的一份",
    "2 coordinates: 2 differences of neighbours, weighed and summed (5), times the gradient, summed; "
    "to the grid's units; beyond the border passed on between two bounds, mirrored with a sign": (
        "2 个坐标：相邻值的 2 个差加权求和（5），乘梯度，求和；换算为网格单位；超出边界时在上下界之间传递，镜像时带符号"
    ),
    "3 coordinates: 4 differences of neighbours, weighed and summed (11), times the gradient, summed; "
    "4 products of the others' weights and a product to the grid's units; "
    "beyond the border passed on between two bounds, mirrored with a sign": (
        "3 个坐标：相邻值的 4 个差加权求和（11），乘梯度，求和；另两个坐标的权重作 4 次乘，再乘一次换算为网格单位；"
        "超出边界时在上下界之间传递，镜像时带符号"
    ),
    "2 coordinates: 16 neighbours weighed and summed (31), times the gradient, summed; "
    "a place: the derivatives of 4 cubics (14), 16 weights, a product to the grid's units": (
        "2 个坐标：16 个邻近值加权求和（31），乘梯度，求和；每个位置：4 个三次多项式的导数（14），16 个权重，"
        "再乘一次换算为网格单位"
    ),
    "each sampled value's gradient, by the mask, weighed and added, 4 times": (
        "每个采样值的梯度乘掩码，加权并累加，共 4 次"
    ),
    "2 coordinates of each sampled value: 2 differences of neighbours, weighed and summed (5), "
    "times the value's gradient by the mask, summed": (
        "每个采样值的 2 个坐标：相邻值的 2 个差加权求和（5），乘该值的梯度与掩码，求和"
    ),
    "the gradient times the value, summed over the channels": "梯度乘值，对通道求和",
    "each output's gradient, its average's share (1), weighed and added, 4 times for each sampled point": (
        "每个输出的梯度按平均分得一份（1），对每个采样点加权并累加 4 次"
    ),
    "the gradient times the second input; what comes out meets the whole matrix": (
        "梯度乘第二个输入；所得结果再与整个矩阵相乘"
    ),
    "the gradient meets the products of the first input": "梯度与第一个输入的乘积相乘",
    "the gradient times the second input; what comes out meets the first": (
        "梯度乘第二个输入；所得结果再与第一个输入相乘"
    ),
    "the cross product with the other: two products and their difference": "与另一个向量作叉积：两次乘，再作差",
    "gradient times determinant; the transposed inverse by the factors at hand, times that": (
        "梯度乘行列式；由已有的分解因子求转置逆，再乘之"
    ),
    "the transposed system by the factors at hand: two substitutions for each right-hand side": (
        "由已有的分解因子解转置方程组：每个右端项两次代入"
    ),
    "product with the solution, negated": "与解作乘积，取负",
}

_COMPLEX = {
    "a complex product with the other's conjugate": "与另一个数的共轭作复数乘",
    "both parts times the real factor": "实部与虚部乘实数因子",
    "both parts divided": "实部与虚部各除一次",
    "−Re(ȳ·gradient), divided: two products, their sum, negated": "−Re(ȳ·梯度)，再除：两次乘，求和，取负",
    "a complex quotient with the conjugate": "与共轭作复数除",
    "a complex product with ȳ (6), negated (2), a quotient (11)": "与 ȳ 作复数乘（6），取负（2），作除（11）",
    "−ȳ²·gradient: two complex products, negated": "−ȳ²·梯度：两次复数乘，取负",
    "gradient/y, times both parts": "梯度/y，乘实部与虚部",
    "a complex product with the result's conjugate": "与结果的共轭作复数乘",
    "the gradient's share along the direction: two products, summed": "梯度沿该方向的分量：两次乘，求和",
    "the gradient's share across the direction: two products, their difference": (
        "梯度垂直于该方向的分量：两次乘，作差"
    ),
    "the adjoint transform, of the same size": "同样大小的伴随变换",
    "each coordinate: the difference times gradient/y, added": "每个坐标：差乘 梯度/y，累加",
    "each coordinate: the gradient with the difference's sign, added": "每个坐标：梯度带上差的符号，累加",
    "each coordinate: compared with the largest, the gradient with its sign, added": (
        "每个坐标：与最大值比较，梯度带上其符号，累加"
    ),
    "each coordinate: (difference/y)ᵖ⁻¹·gradient with the difference's sign, added": (
        "每个坐标：(差/y)ᵖ⁻¹·梯度，带上差的符号，累加"
    ),
    "each coordinate: the other times g/(‖x‖·‖y‖), less its own times g·cos/‖x‖²": (
        "每个坐标：另一向量乘 g/(‖x‖·‖y‖)，减去自身乘 g·cos/‖x‖²"
    ),
}

_OPTIMIZERS = {
    "first moment (3), second moment (4), two corrections (2), root, + ε, divide, times η, subtract (5)": (
        "一阶矩（3），二阶矩（4），两次偏差修正（2），开方、加 ε、除、乘 η、减（5）"
    ),
    "as Adam (14); the weight's decay, times and subtract (2)": "同 Adam（14）；权重衰减，乘与减（2）",
    "the derivative's definition": "导数的定义",
    "stochastic gradient descent": "随机梯度下降",
    "SGD with momentum": "带动量的 SGD",
    "Kingma and Ba 2015, algorithm 1": "Kingma 与 Ba，2015，算法 1",
    "Loshchilov and Hutter 2019, algorithm 2": "Loshchilov 与 Hutter，2019，算法 2",
}

GRADIENTS = MappingProxyType({**_TITLES, **_LAYERS, **_ELEMENTS, **_OTHERS, **_COMPLEX, **_OPTIMIZERS})
