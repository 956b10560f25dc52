"""The panel's own words. Its script fills their holes, ``{0}`` and on, itself, so they are looked up as they stand."""

from __future__ import annotations

from types import MappingProxyType

_TABLE = {
    "Table": "表格",
    "Layers of {0}": "{0} 的各层",
    "Filter layers": "筛选层",
    "Filter by name, else by type or settings": "按名称筛选，其次按类型或设置",
    "Types": "类型",
    "Types: {0}": "类型：{0}",
    "All types": "所有类型",
    "Show layers of some types only": "只显示某些类型的层",
    "Columns": "列",
    "Choose the table's columns": "选择表格的列",
    "Usual columns": "常用列",
    "Flat list": "平铺列表",
    "Layers without what they are in": "只列各层，不显示其所在的容器",
    "Open all": "全部展开",
    "Close all": "全部折叠",
    "Inside": "内部",
    "No layer has all of this.": "没有符合全部条件的层。",
    "{0} of {1} rows": "{1} 行中的 {0} 行",
    "{0} more": "另外 {0} 个",
    " and {0} more": " 以及另外 {0} 个",
    "… {0} earlier rows": "… 前面 {0} 行",
    "… {0} more rows": "… 后面 {0} 行",
    "total of what is shown": "所显示各行的合计",
    "counted where this layer is first called": "已在该层首次调用处计入",
    "fails here": "在此失败",
    "stopped at {0}": "在 {0} 处停止",
    "not to scale": "未按比例绘制",
    "(shown)": "（显示中）",
    "counting…": "计数中…",
    "working…": "处理中…",
    "{0} (first of {1})": "{0}（{1} 个中的第一个）",
}

_CHARTS = {
    "Chart": "图",
    "Bars": "条形图",
    "Treemap": "矩形树图",
    "Bars: {0} of the rows shown": "条形图：所显示各行的 {0}",
    "Treemap: {0} of {1}": "矩形树图：{1} 的 {0}",
    "Number in the chart": "图中的数字",
    "Part of the model that is drawn": "所画的模型部分",
    "Nothing to draw: all of it is 0.": "没有可画的内容：全部为 0。",
    "other ({0})": "其他（{0}）",
    "outlined: {0}": "加框：{0}",
}

_DETAILS = {
    "Details of the selected layer": "所选层的详情",
    "Select a layer to see its formula, its shapes and its source.": "选择一层，可查看其公式、形状与源代码。",
    "Select nothing": "取消选择",
    "No details: they need a running kernel.": "没有详情：需要运行中的内核。",
    "Formula": "公式",
    "Shapes": "形状",
    "Source": "源代码",
    "By other conventions": "按其他计数约定",
    "calls it {0}": "称之为 {0}",
    "without {0} operations that no rule knows": "不含 {0} 个没有规则的运算",
    "its forward": "其前向传播",
    "as {0}": "按 {0}",
    ", line {0}": "，第 {0} 行",
    "{0} groups": "{0} 组",
    "{0} kernels": "{0} 个卷积核",
    "window": "窗口",
}

_WHAT_IF = {
    "What if": "假如",
    "What {0} costs": "{0} 的代价",
    "What is changed": "改变的内容",
    "The changes as Python": "以 Python 代码表示的改变",
    "Make the following layers fit": "让后面的层随之匹配",
    "With the following layers made to fit: {0}": "让后面的层随之匹配时：{0}",
    "Reset": "重置",
    "Take back: {0}": "撤销：{0}",
    "change all sides together": "各边一起改变",
    "slider": "滑块",
    "new": "新增",
    "Pin as baseline": "设为基准",
    "Unpin baseline": "取消基准",
    "Keep these numbers and show how later ones differ": "保留这些数字，并显示之后的差异",
    "Compare with {0} no longer": "不再与 {0} 比较",
    "{0}: difference from the baseline": "{0}：与基准之差",
    "{0}, before {1}": "{0}，原为 {1}",
    "▲ ▼ against the baseline {0}": "▲ ▼ 与基准 {0} 相比",
}

_EXPORT = {
    "Export": "导出",
    "Download": "下载",
    "Download {0}": "下载 {0}",
    "Download, copy, or put into a variable": "下载、复制或存入变量",
    "Copy": "复制",
    "Copy {0}": "复制 {0}",
    "Copy as code": "复制为代码",
    "Copied {0}.": "已复制 {0}。",
    "Copied the code.": "已复制代码。",
    "Saved {0}.": "已保存 {0}。",
    "Done.": "完成。",
    "Put": "存入",
    "Put the report into the variable": "把报告存入变量",
    "Variable": "变量",
    "Name of the variable": "变量名",
    "Waiting for Python…": "等待 Python…",
    "Python did not answer; this needs a running kernel.": "Python 没有响应；这需要运行中的内核。",
    "The browser does not let the panel copy; download the file instead.": "浏览器不允许面板复制；请改为下载文件。",
    "The browser does not let the panel copy; select the code and copy it.": (
        "浏览器不允许面板复制；请选中代码后自行复制。"
    ),
}

PANEL = MappingProxyType({**_TABLE, **_CHARTS, **_DETAILS, **_WHAT_IF, **_EXPORT})
