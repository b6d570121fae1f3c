//! `--dashboard` in a real terminal, which `script` of util-linux makes: keys end a run as they say, the terminal is
//! given back in every way out, and what a run came to is told as without it. Where there is no `script`, that is said.

use super::cli::nnrun;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Its steps are few and slow enough, however it is compiled, to be watched.
const PROGRAM: &str = "\
data spirals {
  let t       = spirals(300, classes: 3, noise: 0.1, seed: 1)
  field x     = t[x0, x1]
  field label = t.label |> classes
  split: random(train: 70%, validation: 15%, test: 15%, seed: 7)
}

model Net(x: [2]) -> logits: [3] {
  x |> Dense(512) |> relu |> Dense(512) |> relu |> Dense(3)
}

train Net on spirals {
  loss:      cross_entropy(logits, label)
  optimizer: RATE
  epochs:    600
  batch:     210
  metrics:   [accuracy]
}
";

const TAKES: &str = "\x1b[?1049h";
const GIVES_BACK: &str = "\x1b[?1049l";
const SHOWS_CURSOR: &str = "\x1b[?25h";
/// More than any of it takes, on a machine that does much else.
const LONG: Duration = Duration::from_secs(120);

fn folder(optimizer: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.nn"), PROGRAM.replace("RATE", optimizer)).unwrap();
    folder
}

/// A command in a terminal of its own.
struct InTerminal {
    child: Child,
    written: Arc<Mutex<Vec<u8>>>,
}

impl InTerminal {
    /// None where there is no `script`.
    fn run(folder: &Path, arguments: &str) -> Option<InTerminal> {
        let is_there = cfg!(target_os = "linux")
            && Command::new("script").arg("--version").output().is_ok_and(|output| output.status.success());
        if !is_there {
            let told = "skipped: the dashboard in a terminal (script of util-linux is not here)\n";
            // Past the capture of the test harness.
            let _ = std::io::stderr().write_all(told.as_bytes());
            return None;
        }
        let command = format!("stty cols 80 rows 24; echo $$ > pid; exec {} {arguments}", env!("CARGO_BIN_EXE_nnrun"));
        let mut child = Command::new("script")
            .args(["-qfec", &command, "/dev/null"])
            .current_dir(folder)
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let written = Arc::new(Mutex::new(Vec::new()));
        let (mut out, into) = (child.stdout.take().unwrap(), Arc::clone(&written));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = out.read(&mut bytes) {
                into.lock().unwrap().extend_from_slice(&bytes[..n]);
            }
        });
        Some(InTerminal { child, written })
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    #[track_caller]
    fn wait_for(&self, what: &str) {
        let began = Instant::now();
        while !self.text().contains(what) {
            assert!(began.elapsed() < LONG, "{what:?} never came:\n{}", self.text().escape_debug());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(keys.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// The exit status and what came behind the whole screen.
    #[track_caller]
    fn end(mut self) -> (i32, String) {
        let began = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => {
                    assert!(began.elapsed() < LONG, "it never ends:\n{}", self.text());
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        };
        std::thread::sleep(Duration::from_millis(100));
        let text = self.text();
        assert_eq!(text.matches(TAKES).count(), 1, "{text}");
        let (_, behind) = text.split_once(GIVES_BACK).unwrap_or_else(|| panic!("it is not given back:\n{text}"));
        assert!(behind.contains(SHOWS_CURSOR), "{behind}");
        (status.code().unwrap_or(-1), behind.replace('\r', "").replace(SHOWS_CURSOR, ""))
    }
}

fn weights(folder: &Path, run: &str) -> Vec<u8> {
    std::fs::read(folder.join(run).join("model.safetensors")).unwrap()
}

#[test]
fn a_run_that_is_stopped_by_a_key_goes_on_to_the_same_bytes() {
    let folder = folder("SGD(lr: 0.01)");
    for (keys, word) in [("q", "paused"), ("\x03", "interrupted")] {
        let out = format!("stopped-{}", u32::from(keys.chars().next().unwrap()));
        let flags = format!("run net.nn --out {out} --dashboard");
        let Some(mut shown) = InTerminal::run(folder.path(), &flags) else { return };
        shown.wait_for("gradients");
        shown.wait_for("dense1");
        shown.press(keys);
        let (status, told) = shown.end();
        assert_eq!(status, 130, "{told}");
        for what in ["Net on spirals", word, "saved in", "nnrun resume"] {
            assert!(told.contains(what), "{what}:\n{told}");
        }
        nnrun(folder.path(), &["resume", &out]).expect(0);
        let whole = folder.path().join("whole");
        if !whole.exists() {
            nnrun(folder.path(), &["run", "net.nn", "--out", "whole"]).expect(0);
        }
        assert!(weights(folder.path(), &out) == weights(folder.path(), "whole"), "{word}: the weights are others");
    }
}

#[test]
fn every_key_can_be_pressed_and_the_end_is_that_of_any_run() {
    let folder = folder("SGD(lr: 0.01)");
    let Some(mut shown) = InTerminal::run(folder.path(), "net.nn --dashboard --epochs 4000") else { return };
    shown.wait_for(TAKES);
    shown.press("?l\t\t\tw\x1b[A\x1b[B\x1b[C\x1b[Djkz");
    // Of two words only one may come: spaces that are there already are not drawn again.
    shown.wait_for("Ctrl-C");
    shown.press("?");
    let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    assert!(Command::new("kill").args(["-TERM", pid.trim()]).status().unwrap().success());
    let (status, told) = shown.end();
    assert_eq!(status, 130, "{told}");
    assert!(told.contains("interrupted") && told.contains("report in"), "{told}");
}

#[test]
fn a_run_that_diverges_says_so_on_the_normal_screen() {
    let folder = folder("SGD(lr: 0.01)\n  schedule:  constant(over: 300 epochs) then linear(to: 1e30)");
    let Some(shown) = InTerminal::run(folder.path(), "net.nn --dashboard --epochs 4000") else { return };
    let (status, told) = shown.end();
    assert_eq!(status, 4, "{told}");
    assert!(told.contains("diverged"), "{told}");
}

#[test]
fn it_is_refused_where_it_cannot_be_drawn() {
    let folder = folder("SGD(lr: 0.01)");
    let piped = nnrun(folder.path(), &["net.nn", "--dashboard"]).expect(2);
    assert!(piped.err.contains("standard output is none") && piped.err.contains("help: "), "{}", piped.err);
    let json = nnrun(folder.path(), &["net.nn", "--dashboard", "--json"]).expect(2);
    assert!(json.err.contains("'--dashboard' cannot be used with '--json'"), "{}", json.err);
    let quiet = nnrun(folder.path(), &["net.nn", "--dashboard", "--quiet"]).expect(2);
    assert!(quiet.err.contains("--dashboard and --quiet"), "{}", quiet.err);
    assert!(!folder.path().join("runs").exists(), "nothing was begun");
}

#[test]
fn a_run_whose_terminal_is_closed_is_saved_and_ends() {
    let folder = folder("SGD(lr: 0.01)");
    let Some(mut shown) = InTerminal::run(folder.path(), "run net.nn --out closed --dashboard") else { return };
    shown.wait_for("dense1");
    let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    shown.child.kill().unwrap();
    shown.child.wait().unwrap();
    let began = Instant::now();
    while Path::new("/proc").join(pid.trim()).exists() {
        assert!(began.elapsed() < LONG, "it goes on without a terminal");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(folder.path().join("closed/report.html").is_file());
    let record = std::fs::read_to_string(folder.path().join("closed/run.json")).unwrap();
    assert!(record.contains("interrupted"), "{record}");
}
