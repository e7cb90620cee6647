"""The `run` script: installs once, explains failures, passes options on, runs every stage."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from tests.serving import serving

ROOT = Path(__file__).parent.parent
SECONDS_TO_START = 3.0


@pytest.fixture
def run():
    """The script as a module, fresh for each test."""
    loader = SourceFileLoader("run_script", str(ROOT / "run"))
    spec = importlib.util.spec_from_loader("run_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def project(run, tmp_path, monkeypatch):
    """An empty project with a fake environment; `project.calls` holds the installation commands."""
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "create", lambda folder: make_python(run, folder))
    run.calls = []
    monkeypatch.setattr(run, "install", lambda command, description: run.calls.append(command[5:]))
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\n")
    (tmp_path / "requirements-dev.txt").write_text("pytest==1\n")
    return run


def make_python(run, folder):
    run.python_of(folder).parent.mkdir(parents=True, exist_ok=True)
    run.python_of(folder).touch()


@pytest.fixture
def small_project(tmp_path):
    """A project with no requirements and a server that prints its options: all real but small."""
    shutil.copy(ROOT / "run", tmp_path / "run")
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "server.py").write_text("import sys, pathlib; print('served', sys.argv[1:], pathlib.Path.cwd())")
    return tmp_path


class TestEnvironment:
    def test_installs_only_at_the_first_start(self, project, tmp_path):
        for _ in range(3):
            project.environment(tmp_path / ".venv", ["requirements.txt"])
        assert len(project.calls) == 1

    def test_reinstalls_when_a_requirement_changed(self, project, tmp_path):
        project.environment(tmp_path / ".venv", ["requirements.txt"])
        (tmp_path / "requirements.txt").write_text("torch==2.14.0\n")
        project.environment(tmp_path / ".venv", ["requirements.txt"])
        assert len(project.calls) == 2

    def test_development_requirements_do_not_reinstall_those_of_the_service(self, project, tmp_path):
        project.environment(tmp_path / ".venv", ["requirements.txt"])
        project.environment(tmp_path / ".venv", ["requirements.txt", "requirements-dev.txt"])
        done = len(project.calls)
        project.environment(tmp_path / ".venv", ["requirements.txt"])
        assert len(project.calls) == done

    def test_an_interrupted_installation_is_repeated(self, project, tmp_path, monkeypatch):
        def interrupt(command, description):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(project, "install", interrupt)
            with pytest.raises(KeyboardInterrupt):
                project.environment(tmp_path / ".venv", ["requirements.txt"])
        project.environment(tmp_path / ".venv", ["requirements.txt"])
        assert len(project.calls) == 1

    @pytest.mark.parametrize("stamp", ["", "{", "[]", '{"requirements.txt": 3}'])
    def test_a_broken_stamp_causes_an_installation(self, project, tmp_path, stamp):
        make_python(project, tmp_path / ".venv")
        project.stamp_file(tmp_path / ".venv").write_text(stamp)
        project.environment(tmp_path / ".venv", ["requirements.txt"])
        assert len(project.calls) == 1

    def test_rivals_are_installed_without_their_dependencies(self, project, tmp_path):
        (tmp_path / "rivals.txt").write_text("TSB-AD==1.5\n")
        project.environment(tmp_path / ".venv", ["requirements.txt"], no_deps="rivals.txt")
        assert ["--no-deps" in call for call in project.calls] == [False, True]


class TestCpu:
    def test_takes_torch_from_pytorchs_index_first(self, project, tmp_path, monkeypatch):
        monkeypatch.setattr(project, "has_cuda_build", lambda: True)
        project.environment(tmp_path / ".venv", ["requirements.txt"], cpu=True)
        first, second = project.calls
        assert first[-3:] == ["--index-url", "https://download.pytorch.org/whl/cpu", "torch==2.13.0+cpu"]
        assert second[-2:] == ["-r", str(tmp_path / "requirements.txt")]

    def test_replaces_an_installed_cuda_build_one_time(self, project, tmp_path, monkeypatch):
        monkeypatch.setattr(project, "has_cuda_build", lambda: True)
        for cpu in (False, True, True, False):
            project.environment(tmp_path / ".venv", ["requirements.txt"], cpu=cpu)
        assert len([call for call in project.calls if "--index-url" in call]) == 1

    @pytest.mark.parametrize(
        ("system", "machine", "expected"),
        [
            ("Linux", "x86_64", True),
            ("Windows", "AMD64", True),
            ("Darwin", "arm64", False),
            ("Linux", "aarch64", False),
        ],
    )
    def test_is_needed_where_the_default_build_may_have_cuda(self, run, monkeypatch, system, machine, expected):
        monkeypatch.setattr(run.platform, "system", lambda: system)
        monkeypatch.setattr(run.platform, "machine", lambda: machine)
        assert run.has_cuda_build() is expected

    def test_the_projects_requirements_pin_torch(self, run):
        assert run.cpu_command(Path("python"), ROOT / "requirements.txt")[-1].startswith("torch==")

    def test_is_not_passed_to_the_server(self, run, monkeypatch):
        commands = []
        monkeypatch.setattr(run, "environment", lambda folder, names, cpu: Path("with" if cpu else "without"))
        monkeypatch.setattr(run.os, "chdir", lambda folder: None)
        monkeypatch.setattr(run.os, "execv", lambda python, command: commands.extend(command))
        run.main(["--cpu", "--port", "80"])
        assert commands == ["with", str(ROOT / "server.py"), "--port", "80"]


class TestFailures:
    @pytest.mark.parametrize(
        ("output", "word"),
        [
            ("OSError: [Errno 28] No space left on device", "disk"),
            ("NewConnectionError: Temporary failure in name resolution\nNo matching distribution found", "network"),
            ("ReadTimeoutError: Read timed out.", "network"),
            ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "network"),
            ("ERROR: No matching distribution found for torch==2.13.0", "CPython 3.11"),
            ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied", "delete .venv"),
            ("Segmentation fault", "delete .venv"),
        ],
    )
    def test_the_reason_names_the_remedy(self, run, output, word):
        assert word in run.reason(output)

    def test_an_unavailable_package_shows_pips_output(self, run, capfd):
        command = [*run.pip(Path(sys.executable)), "--no-index", "there-is-no-such-package==1"]
        with pytest.raises(run.Stop, match="no build for this Python"):
            run.install(command, "requirements.txt")
        assert "No matching distribution found for there-is-no-such-package==1" in capfd.readouterr().err

    def test_an_old_python_is_refused_with_the_needed_version(self, run, tmp_path, monkeypatch):
        monkeypatch.setattr(run.sys, "version_info", (3, 10, 0))
        with pytest.raises(run.Stop, match=r"Python 3\.11 or later is needed"):
            run.create(tmp_path / ".venv")

    def test_a_python_without_venv_gets_the_name_of_debians_package(self, run, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "ensurepip", None)
        with pytest.raises(run.Stop, match=r"sudo apt install python3\.\d+-venv"):
            run.create(tmp_path / ".venv")

    def test_an_environment_that_cannot_be_made_is_one_sentence(self, run, tmp_path, capsys, monkeypatch):
        (tmp_path / "file").write_text("")
        with pytest.raises(run.Stop, match="could not be created"):
            run.create(tmp_path / "file" / ".venv")

    def test_errors_end_with_1_and_an_interrupt_with_130(self, run, capsys, monkeypatch):
        def stop(*_):
            raise run.Stop("no luck.")

        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(run, "serve", stop)
        assert run.main([]) == 1
        assert capsys.readouterr().err == "run: no luck.\n"
        monkeypatch.setattr(run, "serve", interrupt)
        assert run.main([]) == 130


class TestReal:
    def test_first_and_second_start(self, small_project):
        command = [sys.executable, str(small_project / "run"), "--port", "5", "--cpu-count=2"]
        first = subprocess.run(command, capture_output=True, text=True, cwd=small_project.anchor, check=True)
        assert first.stdout.splitlines()[-1] == f"served ['--port', '5', '--cpu-count=2'] {small_project}"
        assert "Installing requirements.txt" in first.stdout
        second = subprocess.run(command, capture_output=True, text=True, check=True)
        assert second.stdout.splitlines() == first.stdout.splitlines()[-1:]

    def test_an_incomplete_environment_is_created_anew(self, small_project):
        python = small_project / ".venv/bin/python"
        python.parent.mkdir(parents=True)
        python.symlink_to("/nowhere/python3")
        done = subprocess.run([sys.executable, str(small_project / "run")], capture_output=True, text=True, check=True)
        assert "served" in done.stdout
        assert python.exists()

    def test_the_service_is_started_by_it(self, run, tmp_path, monkeypatch):
        monkeypatch.setenv("no_proxy", "*")
        if not run.installed(ROOT / ".venv"):
            pytest.skip("SKIPPED: .venv was not made by ./run, so that its second start would install")
        with serving(tmp_path, command=(sys.executable, "run")) as url:
            assert urllib.request.urlopen(f"{url}/healthz").status == 200

    def test_the_service_listens_within_three_seconds_of_the_processor_and_before_torch_is_loaded(self):
        code = "import sys, time, server; print(time.process_time(), 'torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
        seconds, torch = done.stdout.split()
        assert (float(seconds) < SECONDS_TO_START, torch) == (True, "False")


class TestStages:
    @pytest.fixture
    def stages(self, run, monkeypatch):
        """Three stages; the second fails."""
        commands = {
            "lint": [[sys.executable, "-c", "print('All good')"], [sys.executable, "-c", "print('No change')"]],
            "unit": [[sys.executable, "-c", "print('what went wrong\\n1 failed in 0.1s'); raise SystemExit(1)"]],
            "laws": [[sys.executable, "-c", "import os; print(os.environ['OMP_NUM_THREADS'])"]],
        }
        monkeypatch.setattr(run, "environment", lambda *_: Path(sys.executable))
        monkeypatch.setattr(run, "all_stages", lambda _: commands)
        monkeypatch.setattr(run, "install_debian", lambda *_: None)
        return run

    def test_all_run_though_one_fails(self, stages, capsys):
        assert stages.main(["test"]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[:2] for line in lines] == [
            ["lint", "passed"],
            ["what", "went"],
            ["1", "failed"],
            ["unit", "FAILED"],
            ["laws", "passed"],
            ["stages:", "2"],
        ]
        assert lines[0].endswith("No change")
        assert lines[3].endswith("1 failed in 0.1s")
        assert lines[-1] == "stages: 2 passed, 1 failed"

    def test_the_line_is_of_the_command_that_failed(self, stages, capsys, monkeypatch):
        commands = [[sys.executable, "-c", "raise SystemExit('wrong')"], [sys.executable, "-c", "print('right')"]]
        monkeypatch.setattr(stages, "all_stages", lambda _: {"lint": commands})
        assert stages.main(["test"]) == 1
        assert capsys.readouterr().out.splitlines()[-2].endswith("wrong")

    def test_types_are_checked_beside_the_others(self, stages, capsys, monkeypatch, tmp_path):
        mark = tmp_path / "begun"
        begin = f"import pathlib; pathlib.Path({str(mark)!r}).touch()"
        wait = f"import pathlib, time\nwhile not pathlib.Path({str(mark)!r}).exists(): time.sleep(0.01)"
        commands = {"types": [[sys.executable, "-c", begin]], "unit": [[sys.executable, "-c", wait]]}
        monkeypatch.setattr(stages, "all_stages", lambda _: commands)
        assert stages.main(["test"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert sorted(line.split()[0] for line in lines[:2]) == ["types", "unit"]
        assert lines[-1] == "stages: 2 passed, 0 failed"

    def test_each_reason_for_skipping_is_printed_one_time(self, stages, capsys, monkeypatch):
        output = "SKIPPED [3] tests/a.py:7: no data here\nSKIPPED [1] tests/b.py:8: no data here\n4 skipped in 0.1s"
        commands = {"unit": [[sys.executable, "-c", f"print({output!r})"]], "laws": [[sys.executable, "-c", ""]]}
        monkeypatch.setattr(stages, "all_stages", lambda _: commands)
        assert stages.main(["test"]) == 0
        first, second, *rest = capsys.readouterr().out.splitlines()
        assert first.endswith("4 skipped in 0.1s")
        assert second.split() == ["skipped:", "no", "data", "here"]
        assert len(rest) == 2

    def test_stages_can_be_named(self, stages, capsys):
        assert stages.main(["test", "laws"]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "stages: 1 passed, 0 failed"

    def test_an_unknown_name_lists_the_known(self, stages, capsys):
        assert stages.main(["test", "speed"]) == 1
        assert "there are lint, unit, laws" in capsys.readouterr().err

    def test_every_test_belongs_to_one_stage(self, run):
        stages = run.all_stages(Path("python"))
        assert [name for name in stages if name not in run.ONLY_NAMED_STAGES] == [
            *("lint", "types", "unit", "browser", "laws", "api", "js")
        ]
        separate = {
            argument.removeprefix("--ignore=") for argument in stages["unit"][0] if argument.startswith("--ignore")
        }
        own = {argument for name in ("laws", "api", "browser") for argument in stages[name][0] if "tests" in argument}
        assert separate == own | {"tests/js"}

    def test_quick_and_coverage_run_only_when_they_are_named(self, stages, capsys, monkeypatch):
        commands = {name: [[sys.executable, "-c", ""]] for name in ("lint", "quick", "coverage")}
        monkeypatch.setattr(stages, "all_stages", lambda _: commands)
        monkeypatch.setattr(stages, "prepare", lambda *_: None)
        assert stages.main(["test"]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "stages: 1 passed, 0 failed"
        assert stages.main(["test", "quick"]) == 0

    def test_coverage_prints_its_table(self, run):
        output = "....\nName  Stmts  Cover\na.py  3  80%\nTOTAL  3  80%\n4 passed in 1 s"
        assert run.coverage_table(output) == "Name  Stmts  Cover\na.py  3  80%\nTOTAL  3  80%"
        assert run.coverage_table("no table") == ""

    @pytest.mark.parametrize(
        ("output", "line"),
        [
            ("..\n=== 3 passed in 0.10s ===\n", "3 passed in 0.10s"),
            ("# tests 4\n# pass 3\n# fail 1\n# duration_ms 5\n", "3 pass, 1 fail"),
            ("ℹ pass 3\nℹ fail 0\n", "3 pass, 0 fail"),
            ("", ""),
        ],
    )
    def test_the_closing_line_is_the_tools_own(self, run, output, line):
        assert run.closing_line(output) == line

    def test_a_missing_node_is_reported(self, run, monkeypatch):
        monkeypatch.setattr(run.shutil, "which", lambda name: None)
        with pytest.raises(run.Stop, match="Node 20"):
            run.prepare("js", Path("python"))

    def test_a_browser_that_is_there_is_used(self, run, monkeypatch):
        monkeypatch.delenv("CHROMIUM", raising=False)
        monkeypatch.setattr(run.shutil, "which", lambda name: "/bin/x" if name == "google-chrome" else None)
        assert run.find_chromium() == "/bin/x"
        monkeypatch.setenv("CHROMIUM", "/bin/y")
        assert run.find_chromium() == "/bin/y"

    def test_missing_debian_packages_are_installed_where_allowed(self, run, monkeypatch):
        commands = []
        monkeypatch.setattr(run.subprocess, "run", lambda command, **_: commands.append(command))
        monkeypatch.setattr(run.shutil, "which", lambda name: "/bin/x" if name == "there" else None)
        monkeypatch.setattr(run, "may_install_debian", lambda: False)
        run.install_debian("there", "missing")
        assert commands == []
        monkeypatch.setattr(run, "may_install_debian", lambda: True)
        run.install_debian("there")
        assert commands == []
        run.install_debian("there", "missing")
        assert commands == [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "missing"]]

    def test_elsewhere_playwright_installs_its_own(self, run, monkeypatch):
        monkeypatch.setattr(run.os, "geteuid", lambda: 1000, raising=False)
        assert run.chromium_commands(Path("python")) == [["python", "-m", "playwright", "install", "chromium"]]


def test_the_stamp_is_the_last_thing_written(project, tmp_path):
    python = project.environment(tmp_path / ".venv", ["requirements.txt"])
    stamp = json.loads(project.stamp_file(tmp_path / ".venv").read_text())
    assert set(stamp) == {"requirements.txt", "cpu"}
    assert python == project.python_of(tmp_path / ".venv")


def test_continuous_integration_runs_the_same_checks():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert os.access(ROOT / "run", os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec ./run test"


class TestBench:
    @pytest.fixture
    def started(self, project, tmp_path, monkeypatch):
        """The benchmarks started, in a project with two modules and a package of benchmarks."""
        for name in ("_measure.py", "speed.py", "reader.py", "accuracy/__main__.py", "helpers/__init__.py"):
            (tmp_path / "benchmarks" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "benchmarks" / name).touch()
        (tmp_path / "benchmarks/requirements.txt").touch()
        started = []
        monkeypatch.setattr(project.subprocess, "call", lambda command, **_: started.append(command[2:]) or 0)
        return started

    def test_without_a_name_runs_all_but_the_long_ones(self, project, started):
        assert project.main(["bench"]) == 0
        assert started == [["benchmarks.reader"], ["benchmarks.speed"]]

    def test_passes_options_on(self, project, started):
        assert project.main(["bench", "accuracy", "--only", "lstm", "--quick"]) == 0
        assert started == [["benchmarks.accuracy", "--only", "lstm", "--quick"]]

    @pytest.mark.parametrize("arguments", [["--quick"], ["speed", "reader", "--quick"], ["helpers"], ["_measure"]])
    def test_an_unknown_benchmark_lists_the_known_ones(self, project, started, capsys, arguments):
        assert project.main(["bench", *arguments]) == 1
        assert "there are accuracy, reader, speed" in capsys.readouterr().err
        assert not started
