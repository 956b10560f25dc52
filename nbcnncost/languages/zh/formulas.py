"""The titles of all formulas, their reasons and their sources."""

from __future__ import annotations

from types import MappingProxyType

_LAYERS = {
    "convolution": "卷积",
    "transposed convolution": "转置卷积",
    "fully connected layer": "全连接层",
    "matrix product": "矩阵乘法",
    "attention": "注意力",
    "max pooling": "最大池化",
    "average pooling": "平均池化",
    "adaptive max pooling": "自适应最大池化",
    "adaptive average pooling": "自适应平均池化",
    "batch normalization": "批量归一化",
    "instance normalization": "实例归一化",
    "group normalization": "组归一化",
    "layer normalization": "层归一化",
    "RMS normalization": "RMS 归一化",
    "local response normalization": "局部响应归一化",
    "LSTM layer": "LSTM 层",
    "GRU layer": "GRU 层",
    "RNN layer (tanh)": "RNN 层（tanh）",
    "RNN layer (ReLU)": "RNN 层（ReLU）",
    "LSTM projection": "LSTM 投影",
    "bilinear layer": "双线性层",
    "deformable convolution": "可变形卷积",
    "quantized {layer:text}": "量化{layer}",
    "dynamically quantized {layer:text}": "动态量化{layer}",
    "dynamically quantized LSTM layer": "动态量化 LSTM 层",
    "dynamically quantized GRU layer": "动态量化 GRU 层",
    "dynamically quantized RNN layer (tanh)": "动态量化 RNN 层（tanh）",
    "dynamically quantized RNN layer (ReLU)": "动态量化 RNN 层（ReLU）",
    "integer matrix product": "整数矩阵乘法",
    "quantize": "量化",
    "dequantize": "反量化",
    "fake quantize": "伪量化",
    "arithmetic on quantized numbers": "量化数的算术运算",
    "embedding look-up": "嵌入查表",
    "embedding bag, sum": "嵌入包，求和",
    "embedding bag, mean or weighed sum": "嵌入包，求平均或加权和",
    "embedding bag, maximum": "嵌入包，取最大值",
    "embedding bag": "嵌入包",
    "dropout in training": "训练时的暂退法（dropout）",
}

_ELEMENTS = {
    "ReLU6, hardtanh, clamp": "ReLU6、hardtanh、clamp",
    "log softmax": "对数 softmax",
    "gated linear unit": "门控线性单元",
    "add, subtract": "加、减",
    "add": "加",
    "multiply": "乘",
    "divide": "除",
    "multiply and add (addcmul)": "乘后相加（addcmul）",
    "multiply, scale and add (addcmul)": "乘、缩放后相加（addcmul）",
    "divide and add (addcdiv)": "除后相加（addcdiv）",
    "divide, scale and add (addcdiv)": "除、缩放后相加（addcdiv）",
    "compare, maximum, select": "比较、取较大值、选择",
    "compare": "比较",
    "exp, log, root, power, sine": "指数、对数、开方、幂、正弦",
    "exp": "指数等函数",
    "other pointwise": "其他逐元素运算",
    "linear interpolation (lerp)": "线性插值（lerp）",
    "length of two sides": "由两直角边求斜边",
    "product with a logarithm": "与对数相乘",
    "sum over an axis": "沿轴求和",
    "mean over an axis": "沿轴求平均",
    "variance, deviation over an axis": "沿轴求方差、标准差",
    "variance": "方差",
    "maximum, minimum, choice by an axis": "沿轴取最大值、最小值或选取",
    "maximum": "最大值",
    "product over an axis": "沿轴求积",
    "norm over an axis": "沿轴求范数",
    "norm of any order": "任意阶范数",
    "sum of absolute values": "绝对值之和",
    "number of non-zeros": "非零元素个数",
    "largest absolute value": "最大绝对值",
    "log of summed exponentials": "指数和的对数",
    "log of added exponentials": "两数指数和的对数",
    "sorting along an axis": "沿轴排序",
    "finding places in an order": "在有序序列中查找位置",
    "weight normalization": "权重归一化",
    "renormalization of weights": "权重重新归一化",
    "Euclidean distance": "欧氏距离",
    "Manhattan distance": "曼哈顿距离",
    "Hamming distance": "汉明距离",
    "largest difference": "最大差（切比雪夫距离）",
    "distance of any order": "任意阶距离",
    "cosine similarity": "余弦相似度",
    "upsampling": "上采样",
    "upsampling, nearest": "上采样，最近邻",
    "upsampling, linear": "上采样，线性",
    "upsampling, bilinear": "上采样，双线性",
    "upsampling, trilinear": "上采样，三线性",
    "upsampling, bicubic": "上采样，双三次",
    "grid sampling": "网格采样",
    "grid sampling, nearest": "网格采样，最近邻",
    "grid sampling, bilinear": "网格采样，双线性",
    "grid sampling, trilinear": "网格采样，三线性",
    "grid sampling, bicubic": "网格采样，双三次",
    "resizing, antialiased": "抗锯齿缩放",
    "resizing": "抗锯齿缩放",
    "RoI align": "RoI 对齐",
    "non-maximum suppression": "非极大值抑制",
    "fold (col2im)": "折叠（col2im）",
    "view, permute, concat, pad, index, cast": "变形、置换、拼接、填充、索引、类型转换",
    "data movement": "数据搬运",
    "random numbers, constants": "随机数、常数",
    "integer and boolean arithmetic": "整数与布尔运算",
}

_COMPLEX_AND_LINEAR = {
    "{layer:text} of complex numbers": "复数{layer}",
    "complex add, subtract": "复数加、减",
    "complex add": "复数加",
    "complex multiply": "复数乘",
    "complex times real": "复数乘实数",
    "complex divided by real": "复数除以实数",
    "complex divide": "复数除",
    "complex reciprocal": "复数倒数",
    "complex sum over an axis": "复数沿轴求和",
    "complex mean over an axis": "复数沿轴求平均",
    "modulus": "模",
    "complex exponential": "复指数",
    "from modulus and angle": "由模与辐角求复数",
    "Fourier transform": "傅里叶变换",
    "Fourier transform of real numbers": "实数的傅里叶变换",
    "matrix product, scaled": "矩阵乘法并缩放",
    "cross product": "叉积",
    "LU factorization": "LU 分解",
    "determinant": "行列式",
    "Cholesky factorization": "楚列斯基（Cholesky）分解",
    "triangular solve": "三角方程组求解",
    "solve by triangular factors": "由三角分解因子求解",
    "linear system, inverse": "线性方程组、逆矩阵",
    "linear system": "线性方程组",
}

_LOSSES = {
    "squared error": "平方误差",
    "smooth L1 loss": "平滑 L1 损失",
    "Huber loss": "Huber 损失",
    "binary cross-entropy": "二元交叉熵",
    "binary cross-entropy of logits": "logits 的二元交叉熵",
    "negative log-likelihood": "负对数似然",
    "soft margin loss": "软间隔损失",
    "multi-class margin loss": "多分类间隔损失",
}

_LAYER_REASONS = {
    "each output position meets the kernel once for each output channel": (
        "每个输出位置、每个输出通道都与卷积核作一次内积"
    ),
    "each input position meets the whole kernel": "每个输入位置都与整个卷积核相乘",
    "every input meets every output": "每个输入都与每个输出相连",
    "k products summed for each of m·p elements": "m·p 个元素各由 k 个乘积相加而成",
    "two matrix products; each score is scaled (1) and goes through the softmax (5), masked or not": (
        "两次矩阵乘法；每个注意力分数缩放一次（1）并经过 softmax（5），有无掩码都一样"
    ),
    "one comparison for each element of each window": "每个窗口的每个元素比较一次",
    "each element of each window is weighed and added": "每个窗口的每个元素加权一次、累加一次",
    "max pooling with each output's true window": "最大池化，按每个输出的实际窗口计",
    "average pooling with each output's true window": "平均池化，按每个输出的实际窗口计",
    "mean, variance, normalize, scale and shift: one each": "均值、方差、归一化、缩放平移：各一次",
    "the four steps of batch normalization": "批量归一化的四个步骤",
    "square, mean, divide, scale": "平方、求平均、相除、缩放",
    "the window's squares and sums; then times alpha, plus k, power, divide": (
        "窗口内平方并求和；再乘 alpha、加 k、求幂、相除"
    ),
    "per step and unit: 4 gate sums, 3 sigmoids, 2 tanh, 3 products, 1 sum": (
        "每个时间步、每个隐藏单元：4 次门求和，3 个 sigmoid，2 个 tanh，3 次乘，1 次加"
    ),
    "per step and unit: 3 gate sums, 2 sigmoids, 1 tanh, 3 products, 1 difference, 1 sum": (
        "每个时间步、每个隐藏单元：3 次门求和，2 个 sigmoid，1 个 tanh，3 次乘，1 次减，1 次加"
    ),
    "per step and unit: the sum of the two products, tanh": "每个时间步、每个隐藏单元：两个乘积之和，再经 tanh",
    "per step and unit: the sum of the two products, ReLU": "每个时间步、每个隐藏单元：两个乘积之和，再经 ReLU",
    "the hidden state's projection at each step": "每个时间步对隐状态作一次投影",
    "in whole numbers; scaling the sums to 8 bits is part of how they are stored and counts nothing": (
        "以整数计算；把和缩放到 8 位属于存储方式，不计数"
    ),
    "in whole numbers; each input's range is found (2) and it is quantized (5), each output scaled (1)": (
        "以整数计算；对每个输入求取值范围（2）并量化（5），对每个输出缩放（1）"
    ),
    "k products of whole numbers summed for each of m·p elements": "m·p 个元素各由 k 个整数乘积相加而成",
    "the layer's products in whole numbers; each input's range is found (2) and it is quantized (5), "
    "each output scaled (1); its gates in floating point": (
        "该层的乘积以整数计算；对每个输入求取值范围（2）并量化（5），对每个输出缩放（1）；各门以浮点计算"
    ),
    "divide by the scale, round, add the zero point, two comparisons": "除以缩放因子、取整、加零点、两次比较",
    "subtract the zero point, times the scale": "减零点，乘缩放因子",
    "quantize (5) and dequantize (2), in floating point; what an observer notes of the range is not counted": (
        "以浮点作量化（5）与反量化（2）；观察器对取值范围的记录不计数"
    ),
    "whole numbers of 8 bits: no floating-point operation": "8 位整数：没有浮点运算",
    "for each output the first input meets the whole matrix, what comes out meets the second": (
        "对每个输出，第一个输入先与整个矩阵相乘，所得结果再与第二个输入相乘"
    ),
    "a convolution of sampled values: 7 each; 12 for each place of the kernel and group of offsets; the mask": (
        "对采样值作卷积：每个采样值 7 次；卷积核的每个位置、每组偏移 12 次；再乘掩码"
    ),
    "sampled values: 7 and 2 for the average; 14 for each sampled point; a box scaled (4), its bins (4); "
    "shifted by half a pixel (4), or else at least one pixel wide (2)": (
        "采样值：7 次，求平均 2 次；每个采样点 14 次；框缩放（4），分格（4）；"
        "平移半个像素（4），否则保证至少一个像素宽（2）"
    ),
}

_ELEMENT_REASONS = {
    "one comparison an element": "每个元素一次比较",
    "a comparison and a product": "一次比较、一次乘",
    "two comparisons": "两次比较",
    "negate, exp, add, divide": "取负、指数、加、除",
    "one exp of 2x, then subtract, add, divide": "对 2x 求一次指数，再减、加、除",
    "a sigmoid and a product": "一个 sigmoid、一次乘",
    "add, two comparisons, divide": "加、两次比较、除",
    "a hardsigmoid and a product": "一个 hardsigmoid、一次乘",
    "divide by √2, erf, add 1, times x, halve": "除以 √2、erf、加 1、乘 x、减半",
    "x³ (2), times a, add x, times √(2/π), tanh (exp, divide), add 1, times x, halve": (
        "x³（2）、乘 a、加 x、乘 √(2/π)、tanh（指数、除）、加 1、乘 x、减半"
    ),
    "compare, exp, subtract, times α": "比较、指数、减、乘 α",
    "compare, exp, subtract, times α, times λ": "比较、指数、减、乘 α、乘 λ",
    "compare, divide by α, exp, subtract, times α": "比较、除以 α、指数、减、乘 α",
    "exp, add, log": "指数、加、对数",
    "softplus (3), tanh (5), a product": "softplus（3）、tanh（5）、一次乘",
    "a sigmoid and a log": "一个 sigmoid、一次对数",
    "maximum, subtract, exp, sum, divide": "取最大值、减、指数、求和、除",
    "as softmax: maximum, subtract, exp, sum, subtract the log": "同 softmax：取最大值、减、指数、求和、减去对数",
    "one an element": "每个元素一次",
    "two an element": "每个元素两次",
    "three an element": "每个元素三次",
    "one for each element of the input": "输入的每个元素一次",
    "as average pooling: each element is weighed and added": "同平均池化：每个元素加权一次、累加一次",
    "mean (1), difference, square, sum": "求平均（1）、作差、平方、求和",
    "one comparison for each element of the input": "输入的每个元素比较一次",
    "2 products + 1 sum": "2 次乘 + 1 次加",
    "4 products + 3 sums": "4 次乘 + 3 次加",
    "8 products + 7 sums": "8 次乘 + 7 次加",
    "16 products + 15 sums": "16 次乘 + 15 次加",
    "4 products, 2 sums": "4 次乘、2 次加",
    "mask and scale": "乘掩码并缩放",
    "difference, product, sum": "作差、乘、加",
    "two squares, a sum, the root": "两次平方、一次加、开方",
    "subtract from 1, divide, log": "用 1 减、除、对数",
    "log, product": "对数、乘",
    "two comparisons, two differences": "两次比较、两次减",
    "copies": "只复制数据",
    "data moves, nothing is computed": "只搬运数据，不作计算",
    "made, not computed from the input": "直接产生，不由输入计算",
    "not floating-point: indices, counters, masks": "不是浮点运算：索引、计数器、掩码",
    "each value of each block is added to its place": "每个块的每个值加到它的位置上",
    "each output weighs its true window, which grows where the image shrinks": (
        "每个输出对其实际窗口加权，图像缩小时窗口随之变大"
    ),
    "areas (3), sorting by halves, then the overlap of each pair (13), as if none were left out on the way": (
        "求面积（3），归并排序，再求每一对框的重叠（13），按中途不剔除任何框计"
    ),
}

_BORDER = "；超出边界时每轴另加 2 次，镜像时 8 次"

_SAMPLING_REASONS = {
    "values are copied; each coordinate to pixels (2) and rounded; beyond the border 2 more an axis, mirrored 8": (
        f"值直接复制；每个坐标换算为像素（2）并取整{_BORDER}"
    ),
    "a value: 4 products + 3 sums; a place: 5 for each of 2 coordinates, 4 weights; "
    "beyond the border 2 more an axis, mirrored 8": (
        f"每个值：4 次乘 + 3 次加；每个位置：2 个坐标各 5 次，4 个权重{_BORDER}"
    ),
    "a value: 8 products + 7 sums; a place: 5 for each of 3 coordinates, 12 products for 8 weights; "
    "beyond the border 2 more an axis, mirrored 8": (
        f"每个值：8 次乘 + 7 次加；每个位置：3 个坐标各 5 次，8 个权重共 12 次乘{_BORDER}"
    ),
    "a value: 16 products + 15 sums; a place: 29 for each of 2 coordinates (4 cubics: 25), 16 weights": (
        "每个值：16 次乘 + 15 次加；每个位置：2 个坐标各 29 次（4 个三次多项式：25），16 个权重"
    ),
}

_REDUCTION_REASONS = {
    "square and sum each element, a root each": "每个元素平方、累加，每个结果开方一次",
    "absolute and sum each element": "每个元素取绝对值、累加",
    "compare and sum each element": "每个元素比较、累加",
    "absolute and compare each element": "每个元素取绝对值、比较",
    "absolute, power and sum each element, a root each": "每个元素取绝对值、求幂、累加，每个结果开方一次",
    "maximum, subtract, exp, sum; then the log and the maximum again": "取最大值、减、指数、求和；再取对数并加回最大值",
    "max + log(1 + exp(−|a − b|)), an operation each": "max + log(1 + exp(−|a − b|))，每步一次运算",
    "merging sorted halves: a comparison for each element and stage": "归并有序的两半：每层每个元素比较一次",
    "a comparison for each time that the places left are halved": "每次把剩余位置减半时比较一次",
    "each value looked up is added": "每个查到的值累加一次",
    "each value looked up is weighed and added": "每个查到的值加权、累加",
    "each value looked up is compared": "每个查到的值比较一次",
    "square, sum and scale each element; a root and g/‖v‖ for each norm": (
        "每个元素平方、累加、缩放；每个范数开方一次并求 g/‖v‖"
    ),
    "square, sum and scale each element; a root, a comparison and a quotient for each norm": (
        "每个元素平方、累加、缩放；每个范数开方、比较、相除各一次"
    ),
    "each coordinate: difference, square, sum; then the root": "每个坐标：作差、平方、累加；最后开方",
    "each coordinate: difference, absolute, sum": "每个坐标：作差、取绝对值、累加",
    "each coordinate: difference, compare with 0, sum": "每个坐标：作差、与 0 比较、累加",
    "each coordinate: difference, absolute, compare": "每个坐标：作差、取绝对值、比较",
    "each coordinate: difference, absolute, power, sum; then the root": (
        "每个坐标：作差、取绝对值、求幂、累加；最后开方"
    ),
    "a product's sum and two norms: 6 for each coordinate; 2 roots, 2 compared with ε, product, quotient": (
        "一个内积与两个范数：每个坐标 6 次；2 次开方，2 次与 ε 比较，一次乘、一次除"
    ),
}

_COMPLEX_REASONS = {
    "a convolution whose multiply-accumulates are 4 real ones each": "卷积，每次乘加为 4 次实数乘加",
    "a transposed convolution whose multiply-accumulates are 4 real ones each": "转置卷积，每次乘加为 4 次实数乘加",
    "every input meets every output in 4 real multiply-accumulates": "每个输入都与每个输出相连，各为 4 次实数乘加",
    "a matrix product whose multiply-accumulates are 4 real ones each": "矩阵乘法，每次乘加为 4 次实数乘加",
    "real and imaginary part": "实部与虚部各一次",
    "times the conjugate (6), its square (3), two quotients": "乘共轭（6）、模的平方（3）、两次除",
    "the square of the modulus (3), negate, two quotients": "模的平方（3）、取负、两次除",
    "real and imaginary part, weighed and added": "实部与虚部，加权并累加",
    "two squares, their sum, the root": "两次平方、求和、开方",
    "exp, cosine, sine, two products": "指数、余弦、正弦、两次乘",
    "cosine, sine, two products": "余弦、正弦、两次乘",
    "each halving: M/2 complex products (6), M complex sums (2); a prime q > 2: q − 1 of both at each point": (
        "每次减半：M/2 次复数乘（6），M 次复数加（2）；素因子 q > 2：每点两者各 q − 1 次"
    ),
    "half of a complex transform: the other half is its mirror image": "复数变换的一半：另一半是它的镜像",
}

_LINEAR_REASONS = {
    "k products summed for each of m·p elements, then scaled": "m·p 个元素各由 k 个乘积相加而成，再缩放",
    "two products and their difference": "两次乘，再作差",
    "each pivot: found among what is below, which is divided and takes part in the update of what is left": (
        "每个主元：在其下方元素中选取，下方元素除以主元，并参与更新其余部分"
    ),
    "an LU factorization, then the product of its diagonal": "一次 LU 分解，再求对角元之积",
    "each column: products with the columns before, a root on the diagonal, quotients below": (
        "每一列：与前面各列作乘积，对角元开方，其下方相除"
    ),
    "each right-hand side by substitution: products with what is known, a quotient each": (
        "每个右端项用代入法：与已知量作乘积，每步一次除"
    ),
    "each right-hand side by two substitutions, the first without quotients": ("每个右端项用两次代入，第一次不需要除"),
    "an LU factorization, then two substitutions for each right-hand side (an inverse has m of them)": (
        "一次 LU 分解，再对每个右端项作两次代入（求逆有 m 个右端项）"
    ),
}

_LOSS_REASONS = {
    "{steps:text}; then summed, and weighed for the mean": "{steps}；然后求和，求平均时再加权",
    "difference, square": "作差、平方",
    "difference, absolute, compare, square, halve, divide by β, subtract β/2": (
        "作差、取绝对值、比较、平方、减半、除以 β、减 β/2"
    ),
    "difference, absolute, compare, square, halve, subtract δ/2, times δ": (
        "作差、取绝对值、比较、平方、减半、减 δ/2、乘 δ"
    ),
    "two logs, two differences from 1, two products, sum, negate": "两次对数、两次用 1 减、两次乘、求和、取负",
    "max(x, 0) − x·y + log(1 + exp(−|x|)), an operation each": "max(x, 0) − x·y + log(1 + exp(−|x|))，每步一次运算",
    "picked and negated": "选取并取负",
    "product, negate, exp, add, log": "乘、取负、指数、加、对数",
    "every other class: margin − x_y + x_i, maximum with 0, squared if p is 2; summed, weighed by 1/C": (
        "其余每个类别：margin − x_y + x_i，与 0 取较大值，p 为 2 时平方；求和，再乘 1/C"
    ),
}

_SOURCES = {
    "textbook (Ye Tingyun)": "教材公式（叶庭云）",
    "by the textbook's reasoning": "按教材公式的思路推得",
    "Cooley and Tukey 1965; 5·n·log₂ n as in FFTW's benchmark": (
        "Cooley 与 Tukey，1965；5·n·log₂ n，与 FFTW 的基准测试一致"
    ),
    "Golub and Van Loan, Matrix Computations": "Golub 与 Van Loan，《矩阵计算》",
}

FORMULAS = MappingProxyType(
    {
        **_LAYERS,
        **_ELEMENTS,
        **_COMPLEX_AND_LINEAR,
        **_LOSSES,
        **_LAYER_REASONS,
        **_ELEMENT_REASONS,
        **_SAMPLING_REASONS,
        **_REDUCTION_REASONS,
        **_COMPLEX_REASONS,
        **_LINEAR_REASONS,
        **_LOSS_REASONS,
        **_SOURCES,
    }
)
