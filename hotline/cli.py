"""The command line. A command's module is read only when it is called: cold starts stay short."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hotline.commands.common import Lazy
from hotline.settings import BadSetting

_COMMANDS = {
    "serve": ("serve", "启动热线（FastAGI 与 HTTP）。 Serve calls and texts."),
    "call": ("rehearse", "演练一次通话。 Rehearse a call in the terminal."),
    "sms": ("rehearse", "演练一条短信。 Rehearse a text."),
    "check": ("check", "检查 menus.yaml。 Check menus.yaml and its codebooks."),
    "report": ("report", "统计报表。 Reports."),
    "topics": ("topics", "来话小结代码与导入。 Agents' wrap-up codes, and their import."),
    "orders": ("orders", "订单与它的经过。 Orders, and what came of each."),
    "complaints": ("complaints", "投诉与意见。 Complaints and opinions, with their deadlines."),
    "actions": ("check", "列出动作的参数与结果。 List the actions, their arguments and outcomes."),
    "schema": ("check", "输出 menus.yaml 的 JSON Schema。 Print the JSON Schema of menus.yaml."),
    "diagram": ("check", "输出菜单图（Mermaid）。 Print the menu tree as a Mermaid diagram."),
    "demo-traffic": ("demo", "生成演示话务。 Synthetic traffic to try reports on."),
    "tune": ("tune", "菜单次序调优。 The best order of the menus."),
    "replay": ("replay", "用记录的通话试一个菜单文件。 Recorded calls against a menus file."),
    "trial": ("trial", "试验候选版本。 Try a candidate on some of the subscribers."),
    "versions": ("versions", "菜单的各个版本。 The menus versions."),
    "rollback": ("versions", "退回到以前的版本。 Go back to an earlier version."),
    "purge": ("purge", "删除过期记录。 Delete what is older than its declared days."),
    "prompts": ("prompts", "生成与检查录音。 Build and audit the recorded prompts."),
}


@click.group(
    cls=Lazy,
    below=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="hotline", message="hotline %(version)s")
@click.option(
    "--site",
    type=click.Path(file_okay=False, path_type=Path),
    help="站点文件夹，含 menus.yaml；默认当前文件夹。 The site's folder.",
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="状态文件夹；默认 HOTLINE_HOME 或站点的 var/。 State folder (default: the site's var/).",
)
@click.pass_context
def cli(ctx: click.Context, site: Path | None, home: Path | None) -> None:
    """热线自助服务引擎：一个文件，管通话菜单，也管短信指令。

    Hotline: one declarative file for the voice menu and the SMS codes.
    """
    ctx.obj = (site, home)


def main() -> None:
    """Entry point of `hotline`: errors of use are one line, never a trace."""
    try:
        status = cli(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("", err=True)
        sys.exit(130)
    except click.UsageError as error:
        help_of = error.ctx.command_path if error.ctx else "hotline"
        click.secho(f"{error.format_message()}  → {help_of} --help", fg="red", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BadSetting as error:
        click.secho(str(error), fg="red", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
