"""Reads what `--tensorboard` wrote, as TensorBoard itself does, and prints it as JSON.

    pip install tensorboard
    python tests/reference/read_tensorboard.py runs/iris/1

An object: by name of a run (the folder in the one that is named), by tag, the steps and the values of numbers, the texts,
or the hyperparameters. Damaged files are an error.

Everything is read twice: by the reader that scripts use, and by that of TensorBoard's pages. Their numbers must be the
same. The first does not forget texts of steps that are done again, so the texts are those of the second.
"""

import json
import pathlib
import sys

from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.plugins.hparams import metadata as hparams
from tensorboard.util import tensor_util


def plain(value):
    return getattr(value, value.WhichOneof("kind"))


def read(folder):
    # All that is there, not a sample of it.
    of_scripts = event_accumulator.EventAccumulator(str(folder), size_guidance={event_accumulator.SCALARS: 0})
    run = plugin_event_accumulator.EventAccumulator(
        str(folder),
        size_guidance={plugin_event_accumulator.TENSORS: 0},
        tensor_size_guidance={"scalars": 0, "text": 0},
    )
    of_scripts.Reload()
    run.Reload()
    found = {}
    for tag in of_scripts.Tags()["scalars"]:
        found[tag] = [[event.step, event.value] for event in of_scripts.Scalars(tag)]
        shown = [[event.step, float(tensor_util.make_ndarray(event.tensor_proto))] for event in run.Tensors(tag)]
        if shown != found[tag]:
            raise SystemExit(f"{folder}: the pages show {tag} otherwise than scripts read it")
    for tag in run.Tags()["tensors"]:
        if tag in found:
            continue
        metadata = run.SummaryMetadata(tag)
        plugin, content = metadata.plugin_data.plugin_name, metadata.plugin_data.content
        if plugin == "text":
            texts = [event.tensor_proto.string_val for event in run.Tensors(tag)]
            found[tag] = [text.decode() for (text,) in texts]
        elif tag == hparams.SESSION_START_INFO_TAG:
            start = hparams.parse_session_start_info_plugin_data(content)
            found[tag] = {name: plain(value) for name, value in start.hparams.items()}
        elif tag == hparams.SESSION_END_INFO_TAG:
            found[tag] = hparams.parse_session_end_info_plugin_data(content).status
        else:
            raise SystemExit(f"{folder}: {tag} is of the plugin {plugin}")
    return found


def main():
    top = pathlib.Path(sys.argv[1])
    folders = sorted({path.parent for path in top.rglob("*tfevents*")})
    runs = {str(folder.relative_to(top)): read(folder) for folder in folders}
    # TensorBoard takes a number that is none, JSON does not.
    print(json.dumps(runs, allow_nan=False))


if __name__ == "__main__":
    main()
