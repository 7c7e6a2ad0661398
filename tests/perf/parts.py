# SPDX-License-Identifier: Apache-2.0
"""What the bench runs: lemu as staged, the functions, QEMU, and the bench's own programs in C."""
import dataclasses
import pathlib
import platform
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
CPU = {"aarch64": "neoverse-n1", "x86_64": "Haswell"}
ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}
OTHER = {"x86_64": "aarch64", "aarch64": "x86_64"}


@dataclasses.dataclass
class Program:
    name: str
    path: str
    command: list  # what runs it bare
    emulated: bool = False


class Parts:
    def __init__(self, stage, functions, out):
        self.repository = HERE.parents[1]
        self.stage, self.out = pathlib.Path(stage).resolve(), pathlib.Path(out).resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.lemu = str(self.stage / "bin/lemu")
        self.helper = str(self.stage / "libexec/lemu/lemu-sandbox")
        timer = self.stage.parent / "tests/perf/perf_sandbox_time"
        self.sandbox_timer = timer if timer.exists() else None
        self._find_programs(pathlib.Path(functions).resolve())

    def _find_programs(self, functions):
        machine, other = platform.machine(), OTHER[platform.machine()]
        native, foreign = ARCH[machine], ARCH[other]
        self.qemu = next(filter(None, map(shutil.which, (f"qemu-{other}-static", f"qemu-{other}"))), None)
        c, go = f"{functions}/%s/probe/bootstrap", f"{functions.parent}/examples/go/%s/bootstrap"
        self.native_c = Program(f"{native} static C", c % native, [c % native])
        has_go = pathlib.Path(go % foreign).exists()
        self.native_go = Program(f"{native} Go", go % native, [go % native]) if has_go else None
        path = (go if has_go else c) % foreign
        self.foreign = Program(f"{foreign} {'Go' if has_go else 'C'}", path, [self.qemu, "-cpu", CPU[other], path],
                               True) if self.qemu else None

    def compile(self, name):
        program = str(self.out / name)
        subprocess.run(["cc", "-O2", "-static", "-o", program, HERE / f"{name}.c"], check=True)
        return program

    def mount_point(self):
        folder = self.out / "mount-point"
        folder.mkdir(exist_ok=True)
        return str(folder)
