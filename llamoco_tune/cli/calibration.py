"""`llamoco-tune calibrate`: what `ask` knows of a model, kept beside its weights."""

from pathlib import Path

import click

from llamoco_tune.folders import check_data, check_model


@click.command("calibrate", short_help="Write beside a model what ask tells of it.")
@click.argument("model", metavar="MODEL")
@click.option("--data", type=click.Path(path_type=Path), required=True, metavar="EXPORT", help="The instruction set.")
@click.option(
    "--wordings", type=click.IntRange(min=1), metavar="K", help="Requests over which a choice is averaged. [default: 4]"
)
@click.option("--replace", is_flag=True, help="Write over the guide that is there, such as the package's own.")
def calibrate_command(model: str, data: Path, wordings: int | None, replace: bool) -> None:
    """Write guide.json beside the weights of MODEL, a folder, so that `ask` knows it.

    It holds the requests of the training split, the range of its problems, and how often the model's first choice was
    close to the best on the validation split, by its probability. Nothing is run: the scores are those of the rows.
    """
    check_data(data)
    check_model(model)
    from llamoco_tune.asking.answering import WORDINGS  # noqa: PLC0415 - slow to import
    from llamoco_tune.asking.calibration import calibrate  # noqa: PLC0415
    from llamoco_tune.guide import GUIDE_FILE, check_may_be_replaced, write_guide  # noqa: PLC0415
    from llamoco_tune.named import place_of  # noqa: PLC0415
    from llamoco_tune.quiet import quiet_transformers  # noqa: PLC0415

    if not replace:
        check_may_be_replaced(model)
    quiet_transformers()
    guide = calibrate(model, data, wordings=wordings or WORDINGS, show=click.echo)
    write_guide(Path(place_of(model)), guide)
    for each in guide.worth:
        click.echo(
            f"first choices of {each.least_probability:.0%} and more: {each.share:.0%} of {each.num_choices} are close "
            "to the best"
        )
    click.echo(f"{Path(place_of(model)) / GUIDE_FILE}: {len(guide.requests)} requests, {len(guide.worth)} groups")
