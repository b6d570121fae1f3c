//! A sweep from its beginning, or from where it was stopped, to its end.

use super::super::error::{NotResumable, ReopenError, RunError};
use super::super::record::{POINTS, Record, SWEEP};
use super::super::reopen::{Reopened, evaluate};
use super::super::resume::changed_files;
use super::super::run::RunOptions;
use super::super::run_directory::{RunDirectory, resolve};
use super::check_points::{self, WrongPoint};
use super::picture::sweep_picture;
use super::point::{Around, Done, Task};
use super::ranking::{self, Row, better};
use super::record::{PointResult, PointStatus, Results, SweepRecord, TestedBest};
use super::rungs;
use crate::check::{Checked, Overrides, Sweep, check_text};
use crate::compare::{differences, written_alike};
use crate::data::Split;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

/// Name of the table.
pub(super) const TABLE: &str = "table.csv";
/// Name of the picture.
const PICTURE: &str = "sweep.svg";

/// What the command line says about a sweep. Of one that goes on, the threads, the jobs and the limit are as they are
/// said now, and all else as it was.
#[derive(Debug, Clone, Default)]
pub struct SweepOptions {
    /// Workers, those of all points that run at once together.
    pub threads: usize,
    /// How many points run at once; results do not depend on it.
    pub jobs: usize,
    /// `--out DIR`: must not exist, or be empty.
    pub out: Option<PathBuf>,
    /// Where sweeps without `--out` go: `runs`.
    pub runs: PathBuf,
    /// `--init weights.safetensors`, for each point.
    pub init: Option<PathBuf>,
    /// `--tensorboard`, for each point; a sweep that was begun so goes on so.
    pub tensorboard: bool,
    /// `--memory-limit`, for each point.
    pub memory_limit: Option<u64>,
    /// `--halving`: the worse points end early.
    pub halving: bool,
    /// What the file was checked with.
    pub overrides: Overrides,
    /// Set from outside (Ctrl-C, termination) to end for now.
    pub interrupt: Arc<AtomicBool>,
}

/// Why a sweep does not begin.
#[derive(Debug)]
pub enum NotSwept {
    /// The file has no sweep.
    NoSweep,
    /// `--set` of a hyper that the sweep has values for.
    Set(String),
    /// Points with mistakes: the first of them, and how many there are.
    Wrong(Vec<WrongPoint>, usize),
    /// Worse points cannot end early: why.
    Halving(String),
    /// The rest.
    Run(RunError),
}

impl From<RunError> for NotSwept {
    fn from(error: RunError) -> Self {
        NotSwept::Run(error)
    }
}

/// What happens in a sweep.
#[derive(Debug)]
pub enum SweepEvent<'e> {
    /// A point came to its end, or to that of a rung.
    Point {
        /// What came of it.
        row: &'e Row,
        /// How many of the rung are there now, and how many it has.
        done: (usize, usize),
    },
    /// A rung begins, with halving.
    Rung {
        /// From 1, and how many there are.
        number: (usize, usize),
        /// How many points take part.
        points: usize,
    },
    /// Something that is not as it should be and stops nothing.
    Trouble(&'e str),
}

/// What a sweep came to.
#[derive(Debug)]
pub struct SweepOutcome {
    /// Where everything is.
    pub directory: PathBuf,
    /// The points, best first; those that are done, where it was interrupted.
    pub rows: Vec<Row>,
    /// What was measured besides, by split and name.
    pub others: Vec<(String, String)>,
    /// The best point, where one has a result.
    pub best: Option<TestedBest>,
    /// Whether it ended before its time.
    pub is_interrupted: bool,
}

/// A sweep that can go on to its end.
pub struct Search {
    sweep: Sweep,
    /// The train that is measured, where the file has several.
    measured: Option<String>,
    directory: RunDirectory,
    record: SweepRecord,
    results: Results,
    /// By rung and point.
    found: BTreeMap<(usize, usize), PointResult>,
    /// Held until the sweep is at its end.
    _lock: File,
}

impl Search {
    /// Checks every point, and makes a directory for the sweep of a file without errors.
    ///
    /// # Errors
    /// Where the file has no sweep, a point has mistakes, or the directory cannot be made: nothing was run then.
    pub fn begin(checked: &Checked, options: &SweepOptions) -> Result<Search, NotSwept> {
        let Some(sweep) = checked.program.sweep.clone() else { return Err(NotSwept::NoSweep) };
        if let Some((name, _)) =
            options.overrides.set.iter().find(|(name, _)| sweep.axes.iter().any(|a| *a.name == **name))
        {
            return Err(NotSwept::Set(name.clone()));
        }
        // The checker has told where there are none.
        let points = sweep.points().map_err(|_| NotSwept::NoSweep)?;
        let file = checked.sources.file(checked.file);
        let all = check_points::check_all(&file.path, &file.text, &options.overrides, &sweep, &points);
        if all.wrong_count > 0 {
            return Err(NotSwept::Wrong(all.wrong, all.wrong_count));
        }
        let halving = options.halving.then(|| epochs_of(checked, all.epochs)).transpose().map_err(NotSwept::Halving)?;
        let directory = RunDirectory::create_sweep(&options.runs, &file.path, options.out.as_deref())?;
        let lock = directory.lock()?;
        let as_run = RunOptions {
            threads: options.threads,
            init: options.init.clone(),
            tensorboard: options.tensorboard,
            expect: false,
            overrides: options.overrides.clone(),
            ..RunOptions::default()
        };
        let record = SweepRecord {
            best_by: sweep.best.written(),
            hypers: sweep.axes.iter().map(|axis| axis.name.to_string()).collect(),
            points: points.iter().map(|point| point.iter().map(|value| value.text.clone()).collect()).collect(),
            halving,
            best: None,
            text: file.text.to_string(),
            program: Record::new(checked, &as_run),
        };
        record.program.write_sources(checked, &directory)?;
        record.write(&directory)?;
        let (results, _) = Results::open(&directory)?;
        let measured = measured_train(checked);
        Ok(Search { sweep, measured, directory, record, results, found: BTreeMap::new(), _lock: lock })
    }

    /// Opens a sweep that was stopped, in whatever way, or is at its end; `file` is the program as it is now, where that
    /// is said.
    ///
    /// # Errors
    /// Where it is none, another process works on it, or its program or data is not what it was.
    pub fn reopen(path: &Path, file: Option<&Path>) -> Result<Search, ReopenError> {
        let path = resolve(path);
        let begun = SweepRecord::read(&path)?;
        let directory = RunDirectory::reopen(&path, &begun.program.file);
        let lock = directory.lock()?;
        let record = SweepRecord::read(&path)?;
        let no = |why: NotResumable| RunError::NotResumable { path: path.clone(), why, weights: None };
        let overrides = Overrides::from(&record.program.overrides);
        let reopened = Reopened::new(&path, &record.program);
        let checked = reopened.check(&record.text, &overrides)?;
        let read = |file: &Path| {
            let reason = |error: std::io::Error| crate::diagnostics::io_reason(&error);
            std::fs::read_to_string(file)
                .map_err(|error| RunError::NotARun { path: file.to_owned(), reason: reason(error) })
        };
        let texts = [Some(reopened.text()?), file.map(read).transpose()?];
        for text in texts.into_iter().flatten().filter(|text| *text != record.text) {
            let now = check_text(reopened.file(), &text, &overrides);
            if !written_alike(&checked, &now) {
                let mut differences: Vec<String> = match now.has_errors() {
                    true => vec!["it has mistakes: `nnrun check` tells them".to_owned()],
                    false => differences(&checked, &now).iter().map(ToString::to_string).collect(),
                };
                if differences.is_empty() {
                    differences.push("the sweep is another".to_owned());
                }
                return Err(no(NotResumable::OtherProgram { differences }).into());
            }
        }
        let changed = changed_files(&record.program, &reopened, &checked);
        if !changed.is_empty() {
            return Err(no(NotResumable::OtherData { files: changed }).into());
        }
        let internal = |message: &str| RunError::NotARun { path: path.clone(), reason: format!("{SWEEP}: {message}") };
        let measured = measured_train(&checked);
        let sweep = checked.program.sweep.ok_or_else(|| internal("its program has no sweep"))?;
        let points = sweep.points().map_err(|_| internal("its program has no points"))?;
        let drawn: Vec<Vec<&str>> =
            points.iter().map(|point| point.iter().map(|value| value.text.as_str()).collect()).collect();
        if drawn != record.points {
            // Another version draws otherwise.
            return Err(internal("its points are not those that its program has").into());
        }
        let (results, lines) = Results::open(&directory)?;
        // What failed is tried again.
        let found = lines.into_iter().filter(|result| result.status != PointStatus::Failed);
        let found = found.map(|result| ((result.rung, result.point), result)).collect();
        Ok(Search { sweep, measured, directory, record, results, found, _lock: lock })
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What is swept.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// The train whose measure finds the best, where the file has several.
    pub fn measured_train(&self) -> Option<&str> {
        self.measured.as_deref()
    }

    /// The program, as it was named.
    pub fn file(&self) -> &Path {
        &self.record.program.file
    }

    /// What the command line changed for all points.
    pub fn overrides(&self) -> Overrides {
        Overrides::from(&self.record.program.overrides)
    }

    /// How many points there are, and how many results of an earlier process.
    pub fn counts(&self) -> (usize, usize) {
        (self.record.points.len(), self.found.len())
    }

    /// How many rungs there are: 1 without halving.
    pub fn rungs(&self) -> usize {
        match &self.record.halving {
            Some(epochs) => rungs::count(epochs.len(), epochs.iter().copied().min().unwrap_or(1)),
            None => 1,
        }
    }

    /// With halving that can stop nothing: how many points there are, and the fewest epochs of one.
    pub fn idle_halving(&self) -> Option<(usize, u64)> {
        let epochs = self.record.halving.as_ref().filter(|_| self.rungs() == 1)?;
        Some((epochs.len(), epochs.iter().copied().min()?))
    }

    /// Runs what is left of it, finds the best, and measures that on the test split.
    ///
    /// # Errors
    /// Where something of the sweep itself cannot be written or read. Points that fail are results.
    pub fn go(mut self, options: &SweepOptions, hear: &mut dyn FnMut(&SweepEvent)) -> Result<SweepOutcome, RunError> {
        let jobs = options.jobs.max(1);
        let text = self.record.text.clone();
        let reopened = Reopened::new(self.directory.path(), &self.record.program);
        let file = reopened.file().to_owned();
        let mut splits = vec![Split::Validation];
        if self.sweep.best.measure.split == Split::Train {
            splits.insert(0, Split::Train);
        }
        let around = Around {
            text: &text,
            file: &file,
            threads: (options.threads / jobs).max(1),
            memory_limit: options.memory_limit,
            init: self.record.program.init.clone(),
            tensorboard: self.record.program.tensorboard || options.tensorboard,
            splits,
            interrupt: Arc::clone(&options.interrupt),
        };
        let rungs = self.rungs();
        let mut active: Vec<usize> = (1..=self.record.points.len()).collect();
        let mut last: BTreeMap<usize, PointResult> = BTreeMap::new();
        let mut is_interrupted = false;
        for rung in 1..=rungs {
            if rungs > 1 {
                hear(&SweepEvent::Rung { number: (rung, rungs), points: active.len() });
            }
            self.rung(&around, rung, &active, jobs, &mut last, hear)?;
            let all_there = active.iter().all(|point| last.get(point).is_some_and(|result| result.rung == rung));
            if !all_there {
                is_interrupted = true;
                break;
            }
            if rung < rungs {
                active = self.survivors(&active, &last);
            }
        }
        let rows: Vec<Row> = last.values().map(|result| self.row(result.clone())).collect();
        let rows = ranking::ranked(rows, &self.sweep.best);
        let others = ranking::other_measures(&rows, &self.sweep.best);
        let directory = self.directory.path().to_owned();
        if is_interrupted {
            return Ok(SweepOutcome { directory, rows, others, best: None, is_interrupted });
        }
        let table = ranking::csv(&rows, &self.record.hypers, &self.sweep.best, rungs)
            .map_err(|error| RunError::Internal { stage: TABLE, message: error.to_string() })?;
        self.directory.write(TABLE, &table)?;
        self.directory.write(PICTURE, sweep_picture(&self.sweep, &rows, &file).as_bytes())?;
        let best = self.best(&rows, rungs, options.threads)?;
        self.record.best = best.clone();
        self.record.write(&self.directory)?;
        Ok(SweepOutcome { directory, rows, others, best, is_interrupted })
    }

    fn row(&self, result: PointResult) -> Row {
        self.record.row(result, Some(&self.sweep.best))
    }

    /// Brings all active points to the end of a rung. `last` has the newest result of each point.
    fn rung(
        &mut self,
        around: &Around,
        rung: usize,
        active: &[usize],
        jobs: usize,
        last: &mut BTreeMap<usize, PointResult>,
        hear: &mut dyn FnMut(&SweepEvent),
    ) -> Result<(), RunError> {
        let mut tasks = VecDeque::new();
        let mut done = 0;
        for &number in active {
            let before = last.get(&number).filter(|before| before.status != PointStatus::Paused);
            let known = self.found.get(&(rung, number)).cloned();
            // One that came to its end before the rung did is there already.
            let known = known.or_else(|| before.map(|before| PointResult { rung, ..before.clone() }));
            match known {
                Some(result) => {
                    last.insert(number, result);
                    done += 1;
                }
                None => tasks.push_back(self.task(number, rung)),
            }
        }
        let tasks = Mutex::new(tasks);
        let (sender, receiver) = mpsc::channel::<Done>();
        let mut written = Ok(());
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                let (sender, tasks) = (sender.clone(), &tasks);
                scope.spawn(move || {
                    while !around.interrupt.load(Ordering::Relaxed) {
                        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                        let Some(task) = next else { break };
                        if sender.send(task.run(around)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            for Done { result, troubles } in receiver {
                troubles.iter().for_each(|trouble| hear(&SweepEvent::Trouble(trouble)));
                let Some(result) = result else { continue };
                if written.is_ok() {
                    written = self.results.add(&result);
                    if written.is_err() {
                        // What cannot be kept need not be found out.
                        around.interrupt.store(true, Ordering::SeqCst);
                    }
                }
                done += 1;
                last.insert(result.point, result.clone());
                hear(&SweepEvent::Point { row: &self.row(result), done: (done, active.len()) });
            }
        });
        written
    }

    fn task(&self, number: usize, rung: usize) -> Task {
        let values = self.record.points.get(number.saturating_sub(1)).into_iter().flatten();
        let set: Vec<(String, String)> = self.record.hypers.iter().cloned().zip(values.cloned()).collect();
        let epochs = self.record.halving.as_ref().and_then(|epochs| epochs.get(number.saturating_sub(1)));
        Task {
            number,
            rung,
            until: epochs.and_then(|epochs| rungs::until(*epochs, rung, self.rungs())),
            directory: self.directory.path().join(run_of(number)),
            overrides: check_points::with(&self.overrides(), &set),
        }
    }

    /// The best of these, so many as go on.
    fn survivors(&self, active: &[usize], last: &BTreeMap<usize, PointResult>) -> Vec<usize> {
        let best = &self.sweep.best;
        let mut with_value: Vec<(f64, usize)> =
            active.iter().filter_map(|point| Some((last.get(point)?.value(best)?, *point))).collect();
        with_value.sort_by(|(x, a), (y, b)| better(*x, *y, best).then(a.cmp(b)));
        let mut survivors: Vec<usize> =
            with_value.into_iter().take(rungs::survivors(active.len())).map(|(_, point)| point).collect();
        survivors.sort_unstable();
        survivors
    }

    /// The first of the table, if it came to its end; measured on the test split, unless that was done.
    fn best(&self, rows: &[Row], rungs: usize, threads: usize) -> Result<Option<TestedBest>, RunError> {
        let Some(first) = rows.first().filter(|row| row.result.rung == rungs) else { return Ok(None) };
        let Some(value) = first.value else { return Ok(None) };
        let (point, run) = (first.result.point, run_of(first.result.point));
        if let Some(before) = self.record.best.as_ref().filter(|before| before.point == point) {
            return Ok(Some(before.clone()));
        }
        let test = match evaluate(&self.directory.path().join(&run), Some(Split::Test), threads) {
            Ok(measured) => measured.into_iter().map(|m| (m.train.to_string(), m.measures.to_json())).collect(),
            Err(ReopenError { error: RunError::NoSplit { .. }, .. }) => Vec::new(),
            Err(failed) => return Err(failed.error),
        };
        Ok(Some(TestedBest { point, set: first.set.clone(), value, run, test }))
    }
}

fn measured_train(checked: &Checked) -> Option<String> {
    match checked.program.trains.as_slice() {
        [_, .., last] => Some(last.title()),
        _ => None,
    }
}

/// The directory of a point's run, in that of the sweep.
pub(super) fn run_of(number: usize) -> PathBuf {
    Path::new(POINTS).join(number.to_string())
}

/// The epochs of each point, where worse points can end early; else why not.
fn epochs_of(checked: &Checked, epochs: Vec<Option<u64>>) -> Result<Vec<u64>, String> {
    let known: Option<Vec<u64>> = epochs.into_iter().collect();
    known.ok_or_else(|| match checked.program.trains.len() {
        1 => "the training must say its length in epochs".to_owned(),
        several => format!("the file must have one training, and has {several}"),
    })
}
