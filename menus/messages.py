"""Every finding's severity and wording, Chinese first. Braces are filled by menus.findings."""

from __future__ import annotations

from typing import Literal

Severity = Literal["error", "warning"]

_READ: dict[str, tuple[Severity, str, str]] = {
    "no_file": (
        "error",
        "找不到文件 {file}；请检查站点目录。",
        "{file} is not there: check the site's folder.",
    ),
    "not_utf8": (
        "error",
        "文件不是 UTF-8 编码；请另存为 UTF-8。",
        "The file is not UTF-8: save it as UTF-8.",
    ),
    "too_large": (
        "error",
        "文件超过 {most} MB；请检查是否放错了文件。",
        "The file is over {most} MB: check that it is the right one.",
    ),
    "empty_file": ("error", "文件是空的；请写入内容。", "The file is empty: write its content."),
    "control_character": (
        "error",
        "此处有不可见的控制字符；请删除。",
        "There is a control character here: delete it.",
    ),
    "yaml_syntax": (
        "error",
        "此处不是正确的 YAML（{problem}）；请检查缩进、引号和括号。",
        "This is not YAML ({problem}): check indentation, quotes and brackets.",
    ),
    "unquoted": (
        "error",
        '"{char}" 在 YAML 里有特殊含义；请加引号，例如 "{char}"。',
        '"{char}" has a meaning of its own in YAML: quote it, as in "{char}".',
    ),
    "colon": (
        "error",
        "未加引号的文字里有冒号加空格；请给整段文字加引号。",
        "A colon and a blank stand in unquoted text: quote the whole text.",
    ),
    "tab": (
        "error",
        "缩进里有制表符；请改用空格。",
        "There is a tab in the indentation: use blanks.",
    ),
    "anchor": (
        "error",
        "文件是静态的，不支持锚点和引用（{name}）；请把内容写全。",
        "The file is static, without anchors and aliases ({name}): write the content out.",
    ),
    "merge_key": (
        "error",
        "文件是静态的，不支持合并键 <<；请把内容写全。",
        "The file is static, without merge keys (<<): write the content out.",
    ),
    "tag": (
        "error",
        "文件是静态的，不支持类型标签 {tag}；请删除。",
        "The file is static, without tags ({tag}): delete it.",
    ),
    "many_documents": (
        "error",
        "一个文件只能有一个 YAML 文档；请删除 --- 及其后的内容，或另存为一个文件。",
        "A file holds one YAML document: remove the --- and what follows, or use another file.",
    ),
    "too_deep": (
        "error",
        "层次超过 {most} 层；请检查括号和缩进。",
        "This is over {most} levels deep: check brackets and indentation.",
    ),
    "key_not_scalar": (
        "error",
        "键必须是一个词；请检查括号。",
        "A key must be a word: check the brackets.",
    ),
    "duplicate_entry": (
        "error",
        "键 {key} 重复（第 {line} 行已有）；请删除其中一个。",
        "The key {key} is given twice (first on line {line}): remove one.",
    ),
}

_SCHEMA: dict[str, tuple[Severity, str, str]] = {
    "unknown_key": (
        "error",
        "不认识的键 {key}；请改正或删除。{hint_zh}",
        "There is no key {key} here: correct or remove it.{hint_en}",
    ),
    "missing_key": ("error", "缺少键 {key}；请补上。", "The key {key} is missing: add it."),
    "wrong_shape": ("error", "这里应写{zh}。", "This should be {en}."),
    "bad_value": (
        "error",
        "{value} 不合要求；这里应写{zh}。{hint_zh}",
        "{value} does not fit: this should be {en}.{hint_en}",
    ),
    "empty_value": (
        "error",
        "这里是空的；应写{zh}（未加引号的 # 会把后面变成注释）。",
        "This is empty: it should be {en} (an unquoted # begins a comment).",
    ),
    "too_few": ("error", "至少要有 {least} 项；请补上。", "At least {least} are needed: add them."),
    "duplicate_id": (
        "error",
        "节点 {id} 重复（{first} 已有）；请换一个名字。",
        "The node {id} is defined twice (first at {first}): rename one.",
    ),
    "reserved_id": (
        "error",
        "end 表示对话结束，不能作节点名；请换一个名字。",
        "`end` means the end of the dialogue: give the node another name.",
    ),
    "which_action": (
        "error",
        "动作必须且只能写 query、order、verify 中的一个；请改正。",
        "An action has exactly one of query, order and verify: correct it.",
    ),
    "bad_template": (
        "error",
        "花括号应写成 {{名字}}（小写字母）；请改正 {part}",
        "Braces must hold a lower-case name, as in {{balance}}: correct {part}",
    ),
    "unknown_zone": (
        "error",
        "没有时区 {zone}；请用 IANA 名称，例如 Asia/Shanghai。",
        "There is no time zone {zone}: use an IANA name such as Asia/Shanghai.",
    ),
    "bad_span": (
        "error",
        "起止时间颠倒或为空；请让 from 早于 to。",
        "The span is empty or runs backwards: let `from` come before `to`.",
    ),
    "unknown_book": (
        "error",
        "没有代码表 {book}；请放入 sms_commands/codebooks/{book}.yaml 或改正名字。{hint_zh}",
        "There is no codebook {book}: add sms_commands/codebooks/{book}.yaml.{hint_en}",
    ),
    "book_name": (
        "error",
        "文件名是 {file}，表内却写 book: {book}；请改成一致。",
        "The file is {file} but says book: {book}: make them agree.",
    ),
}

_REFERENCES: dict[str, tuple[Severity, str, str]] = {
    "unknown_node": (
        "error",
        "没有节点 {id}；请改正或补上。{hint_zh}",
        "There is no node {id}: correct it or add the node.{hint_en}",
    ),
    "unknown_text": (
        "error",
        "没有文本 {id}；请改正或在 texts 里补上。{hint_zh}",
        "There is no text {id}: correct it or add it to `texts`.{hint_en}",
    ),
    "unknown_name": (
        "error",
        "names 里没有 {id}；请改正或补上。{hint_zh}",
        "There is no {id} in `names`: correct it or add it.{hint_en}",
    ),
    "unknown_language": (
        "error",
        "languages 里没有语言 {language}；请改正或补上。{hint_zh}",
        "{language} is not among `languages`: correct it or add it.{hint_en}",
    ),
    "not_a_transfer": (
        "error",
        "人工键要通向 transfers 里的节点，{id} 不是；请改正。",
        "The agent key must lead to a node of `transfers`, {id} is none: correct it.",
    ),
    "constants_mismatch": (
        "error",
        "节点 {id} 的常量是 {wanted}，这里给的是 {given}；请改成一致。",
        "The node {id} takes the constants {wanted}, here are {given}: make them agree.",
    ),
    "unknown_leaf": (
        "error",
        "这里的 {leaf} 没有任何按键或代码通向；请改正或删除。{hint_zh}",
        "No key or code leads to {leaf}: correct or remove it.{hint_en}",
    ),
    "unknown_param": (
        "error",
        "节点 {id} 没有字段 {name}；请改正 params。{hint_zh}",
        "The node {id} has no field {name}: correct `params`.{hint_en}",
    ),
    "no_reserved_agent": (
        "error",
        "有人工键，却没有写 agent；请写 agent: <人工节点>。",
        "There is an agent key but no `agent`: write agent: <transfer node>.",
    ),
}

_GRAPH: dict[str, tuple[Severity, str, str]] = {
    "unreachable": (
        "error",
        "没有任何按键或代码通向节点 {id}；请接上或删除。",
        "No key and no code leads to the node {id}: connect or remove it.",
    ),
    "dead_end": (
        "error",
        "从节点 {id} 走不到任何业务、人工或结束；请补上去向（next 或选项）。",
        "From the node {id} no service, agent or end can be reached: give it a way on.",
    ),
    "loop_without_input": (
        "error",
        "节点 {path} 不等用户输入就循环；请断开其中一个 next。",
        "The nodes {path} go round without waiting for the subscriber: break one `next`.",
    ),
    "reserved_collision": (
        "error",
        "键 {key} 已保留作 {function}；请换一个键，或改写本节点的 reserved。",
        "The key {key} is reserved for {function}: use another, or set the node's `reserved`.",
    ),
    "duplicate_key": (
        "error",
        "键 {key} 与第 {line} 行的选项冲突；请换一个键，或用 for 分开。",
        "The key {key} is also on line {line}: use another, or part them by `for`.",
    ),
    "menu_size": (
        "warning",
        "这个菜单连保留键在内有 {count} 个按键；听得清的是 2 到 11 个。",
        "This menu offers {count} keys, reserved ones included: 2 to 11 can be followed by ear.",
    ),
}

_TEXTS: dict[str, tuple[Severity, str, str]] = {
    "missing_text": (
        "error",
        "{id} 缺少 {language} 的文字；请补上。",
        "{id} has no wording in {language}: add it.",
    ),
    "missing_audio": (
        "error",
        "缺少录音 {path}；请运行 hotline prompts build。",
        "The clip {path} is missing: run hotline prompts build.",
    ),
    "unused_text": (
        "warning",
        "文本 {id} 没有用到；请接上或删除。",
        "The text {id} is not used: use or remove it.",
    ),
    "placeholder_mismatch": (
        "error",
        "{language} 的占位符是 {given}，{first} 的是 {wanted}；请改成一致。",
        "The placeholders in {language} are {given}, in {first} {wanted}: make them agree.",
    ),
    "unknown_placeholder": (
        "error",
        "文本 {id} 用了 {{{name}}}，但用到它的 {where} 不提供；可用的有 {known}。",
        "The text {id} uses {{{name}}}, which {where} does not give; there are {known}.",
    ),
    "unvoiced_text": (
        "error",
        "文本 {id} 在 {language} 里没有可读的内容；请写上文字。",
        "The text {id} has nothing to speak in {language}: give it words.",
    ),
    "too_many_segments": (
        "error",
        "语音文本最多三段固定文字，这里有 {count} 段；请精简，详细内容写进 sms。",
        "A voice text has at most three fixed segments, here are {count}: move details to `sms`.",
    ),
    "missing_reason": (
        "error",
        "outcomes 缺少 {reason}；请为它写一条单独的文本。",
        "`outcomes` lacks {reason}: give it a text of its own.",
    ),
    "shared_reason": (
        "error",
        "{reason} 与 {other} 用了同样的文字；请分开写，让用户知道原因。",
        "{reason} and {other} share one wording: give each its own, that says why.",
    ),
    "missing_fault": (
        "error",
        "类型 {type} 的错误 {fault} 没有提示文本；请在 faults 里补上。",
        "The fault {fault} of {type} has no text: add it to `faults`.",
    ),
    "missing_measure": (
        "error",
        "measures 缺少 {id}；请补上。",
        "`measures` lacks {id}: add it.",
    ),
    "missing_name": (
        "error",
        "names 缺少 {id}，报价要用；请补上。",
        "`names` lacks {id}, which quotes need: add it.",
    ),
}

_ACTIONS: dict[str, tuple[Severity, str, str]] = {
    "unknown_action": (
        "error",
        "没有动作 {kind} {name}；运行 hotline actions 查看全部。{hint_zh}",
        "There is no action {kind} {name}: `hotline actions` lists them.{hint_en}",
    ),
    "argument_missing": (
        "error",
        "动作 {name} 需要参数 {arg}（{type}）；请写成字段或常量。",
        "The action {name} needs the argument {arg} ({type}): make it a field or a constant.",
    ),
    "argument_unknown": (
        "error",
        "动作 {name} 没有参数 {arg}；请改正或删除。{hint_zh}",
        "The action {name} takes no argument {arg}: correct or remove it.{hint_en}",
    ),
    "argument_type": (
        "error",
        "参数 {arg} 的类型应为 {wanted}，不是 {given}；请改正。",
        "The argument {arg} is a {wanted}, not a {given}: correct it.",
    ),
    "subject_needed": (
        "error",
        "动作 {name} 要知道是哪个用户；请删除 subject: no。",
        "The action {name} is about a subscriber: remove subject: no.",
    ),
    "unrouted_outcome": (
        "error",
        "结果 {word} 没有对应的文本；请写在节点的 on、accepted 或文件的 outcomes 里。",
        "The outcome {word} has no text: add it to `on`, `accepted` or `outcomes`.",
    ),
    "missing_answer": (
        "error",
        "{leaf} 成功后没有答复文本；请在 answer 里补上。",
        "{leaf} has no text for its success: add it to `answer`.",
    ),
    "missing_receipt": (
        "error",
        "{leaf} 办好后没有发给机主的回执；请在 receipt 里补上，或写 default。",
        "{leaf} has no text for its owner: add it to `receipt`, or a default.",
    ),
    "never_met": (
        "warning",
        "动作 {name} 不会有结果 {word}；请删除这一行。",
        "The action {name} never ends with {word}: remove this line.",
    ),
    "bad_filing": (
        "error",
        "{id} 的 files 只能由短信、经过一个 text 为 free_text 的表单到达；请改正。",
        "What {id} files must come by text, through a form whose field `text` is free_text.",
    ),
    "bad_pick": (
        "error",
        "{id} 的 pick 只能用于给出 items 列表、而且电话到不了的查询；请改正。",
        "The pick of {id} needs a query that gives a list of items and that no call reaches.",
    ),
    "price_without_gate": (
        "error",
        "{name} 可能收费，必须先报价并请用户确认；请写 confirm。",
        "{name} may cost money and must state its price and ask: add `confirm`.",
    ),
    "confirm_without_price": (
        "error",
        "确认文本 {id}（{language}）没有 {{price}}；请把价格写进去。",
        "The confirmation {id} ({language}) has no {{price}}: state the price in it.",
    ),
}

_KEYWORDS: dict[str, tuple[Severity, str, str]] = {
    "duplicate_keyword": (
        "error",
        "代码 {spelling} 与 {first} 写法相同（不分大小写、全半角）；请删除一个，或用 for 分开。",
        "The spelling {spelling} equals one at {first} but for case or width: remove one.",
    ),
    "shadowed_keyword": (
        "error",
        "代码 {spelling} 在 {book} 里是另一个意思；以它为准就在那里写 over: [{later}]。",
        "{spelling} means something else in {book}: write over: [{later}] there, or reorder.",
    ),
    "bad_over": (
        "error",
        "over 只能写排在后面的代码表，{book} 不是；请改正或调整 books 的次序。",
        "`over` names books further down, {book} is none: correct it or the order of `books`.",
    ),
    "which_code": (
        "error",
        "一行代码要有 spell 或 any: yes 之一，还要有 leaf 或 confirms 之一；请改正。",
        "A code has either spell or any: yes, and either leaf or confirms: correct it.",
    ),
    "unknown_confirms": (
        "error",
        "本代码表里没有代码 {spelling} 可供确认；请改正。{hint_zh}",
        "This book has no code {spelling} to confirm: correct it.{hint_en}",
    ),
    "prefix_keyword": (
        "warning",
        "代码 {spelling} 的开头就是代码 {other}（{first}）；少发一截会变成另一项业务，请印清楚。",
        "{spelling} begins with {other} ({first}): cut short it is another code, print it clearly.",
    ),
    "near_keyword": (
        "warning",
        "{spelling} 与 {other}（{first}）只差一个字母，一个查询、一个取消；请在单页上分开写。",
        "{spelling} and {other} ({first}) are a letter apart, cancel and query: print them apart.",
    ),
    "bad_spelling": (
        "error",
        "代码 {spelling} 没有可发送的字符；请改正。",
        "The spelling {spelling} has nothing that can be texted: correct it.",
    ),
    "system_keyword": (
        "error",
        "代码 {spelling} 与系统词 {word} 相同，永远轮不到；请换一个。",
        "The spelling {spelling} is the system word for {word} and is never reached: change it.",
    ),
    "voice_only_keyword": (
        "error",
        "代码 {spelling} 通向只能在电话里完成的 {id}；请改成短信能办的业务。",
        "The spelling {spelling} leads to {id}, which only a call can do: lead it elsewhere.",
    ),
    "yes_and_no": (
        "error",
        "{word} 同时表示是和否；请删除一个。",
        "{word} means both yes and no: remove one.",
    ),
}

MESSAGES: dict[str, tuple[Severity, str, str]] = {
    **_READ,
    **_SCHEMA,
    **_REFERENCES,
    **_GRAPH,
    **_TEXTS,
    **_ACTIONS,
    **_KEYWORDS,
}
"""Code -> severity, Chinese, English."""
