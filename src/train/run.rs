//! A whole file: its trains in order, its facts, its directory.

use super::checkpoint::{Checkpoint, Checkpoints};
use super::error::{NotResumable, RunError};
use super::event::{Done, Event, FactResult, Measures, Observer, SplitMeasures, Start, Stopped};
use super::facts::{self, Known};
use super::gradients::GradientProbe;
use super::memory;
use super::position::Position;
use super::record::{FITTED, FactRecord, Record, Status, TrainRecord};
use super::recorder::Recorder;
use super::run_directory::RunDirectory;
use super::session::Prepared;
use super::tensorboard::TensorBoard;
use super::training_loop::{Attendant, Beginning, Loop, Moment, Trained};
use super::weights::Weights;
use super::{fingerprint, weights_file};
use crate::check::{Checked, Overrides, Train};
use crate::data::{Dataset, Fitted, Limits, Split, load_within};
use crate::runtime::States;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What the command line says about a run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Workers, the calling thread among them.
    pub threads: usize,
    /// `--out DIR`: must not exist, or be empty.
    pub out: Option<PathBuf>,
    /// Where runs without `--out` go: `runs`.
    pub runs: PathBuf,
    /// `--train NAME`: only what trains this model.
    pub train: Option<String>,
    /// `--init weights.safetensors`: how the first train of each model starts, before its `load:`.
    pub init: Option<PathBuf>,
    /// `--log-steps`: whether `metrics.jsonl` holds each step. (Observers hear of each step anyway.)
    pub log_steps: bool,
    /// `--tensorboard`: whether TensorBoard's event files are written, in the folder `tensorboard` of the run.
    pub tensorboard: bool,
    /// Whether facts are checked: `run` does, `train` does not.
    pub expect: bool,
    /// `--memory-limit`: bytes of memory that data and steps may take, in place of what the machine has.
    pub memory_limit: Option<u64>,
    /// What the file was checked with; recorded, and used again when the run is opened.
    pub overrides: Overrides,
    /// Set from outside (Ctrl-C, termination) to end after the step that is being done.
    pub interrupt: Arc<AtomicBool>,
    /// The splits that are measured at the end, in place of the usual ones: a sweep leaves the test split alone.
    pub splits: Option<Vec<Split>>,
    /// Ends each train behind this epoch with a checkpoint, measured as it stands; a [`super::Resumable`] goes on from
    /// there as if it had not ended.
    pub pause_after: Option<u64>,
    /// How much of the data is in memory.
    pub limits: Limits,
    /// Set from outside to end behind the epoch that is being done, as `pause_after` does.
    pub pause: Arc<AtomicBool>,
    /// Tells how large the gradients are, at most so often; zero is at each step. Where it is more than that, little of
    /// the time of training goes into it. What is trained does not depend on it.
    pub gradients: Option<Duration>,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            threads: 1,
            out: None,
            runs: PathBuf::from("runs"),
            train: None,
            init: None,
            log_steps: false,
            tensorboard: false,
            expect: true,
            memory_limit: None,
            overrides: Overrides::default(),
            interrupt: Arc::default(),
            splits: None,
            pause_after: None,
            limits: Limits::USUAL,
            pause: Arc::default(),
            gradients: None,
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Where everything is.
    pub directory: PathBuf,
    /// The trains that were begun, in order.
    pub trains: Vec<TrainReport>,
    /// The facts that were checked.
    pub facts: Vec<FactResult>,
    /// What was trained on, for whoever looks at it further; nothing where nothing was trained.
    pub data: Arc<Datasets>,
}

/// Data in memory, by index of the data block.
pub type Datasets = BTreeMap<usize, Dataset>;

/// What a train came to.
#[derive(Debug, Clone)]
pub struct TrainReport {
    /// What the train is called: [`Train::title`].
    pub train: String,
    /// Epochs begun.
    pub epochs: u64,
    /// Steps taken.
    pub steps: u64,
    /// Measured at the end, with the weights that were kept.
    pub measures: SplitMeasures,
    /// Why it ended before its time.
    pub stopped: Option<Stopped>,
    /// Training and its validations.
    pub seconds: f64,
}

impl Outcome {
    /// The exit status of LANGUAGE.md: 130 interrupted, 3 a fact failed, 0 otherwise.
    pub fn exit_status(&self) -> u8 {
        if self.trains.iter().any(|t| t.stopped.is_some_and(Stopped::is_for_now)) {
            130
        } else if self.facts.iter().any(|f| !f.ok) {
            3
        } else {
            0
        }
    }
}

/// Trains everything in the file (or what `--train` names), measures the test split, checks the facts, and leaves a directory. The file must
/// have no errors.
pub fn run(checked: &Checked, options: &RunOptions, observer: &mut dyn Observer) -> Result<Outcome, RunError> {
    let wanted = wanted_trains(checked, options.train.as_deref())?;
    // Before there is a directory: data that cannot be read leaves nothing behind.
    let datasets = Arc::new(load_datasets(checked, &wanted, &options.limits)?);
    memory::check(checked, &wanted, &datasets, options.memory_limit, options.threads)?;
    // Large data takes long to read.
    if options.interrupt.load(Ordering::Relaxed) {
        return Err(RunError::Interrupted);
    }
    let file = &checked.sources.file(checked.file).path;
    let directory = RunDirectory::create(&options.runs, file, options.out.as_deref())?;
    let _lock = directory.lock()?;
    let mut record = Record::new(checked, options);
    record.write_sources(checked, &directory)?;
    write_fitted(checked, &datasets, &directory)?;
    record.write(&directory)?;
    let tensorboard = TensorBoard::wanted(directory.path(), checked, options, &record);
    let recorder = Recorder::new(&directory, observer, options.log_steps)?.with_tensorboard(tensorboard);
    let (directory, record) = (&directory, &mut record);
    let whole = WholeRun { checked, options, wanted: &wanted, datasets: &datasets, directory, record };
    whole.go(Begin::default(), recorder)
}

/// Of the weights that a run has in this file.
fn weights_fingerprint(run: &Path, file: &str) -> Option<String> {
    fingerprint::of_file(&run.join(file)).ok().map(|(fingerprint, _)| fingerprint)
}

/// Where a run begins.
#[derive(Default)]
pub(super) struct Begin {
    /// How many of the trains that are wanted are done.
    pub(super) done: usize,
    /// How far the next one has come.
    pub(super) checkpoint: Option<Checkpoint>,
}

/// The trains of a file, by index: all of them, or those of one model.
pub(super) fn wanted_trains(checked: &Checked, model: Option<&str>) -> Result<Vec<usize>, RunError> {
    let trains = &checked.program.trains;
    let is_wanted = |train: &Train| model.is_none_or(|name| *name == *train.name);
    let found: Vec<usize> = (0..trains.len()).filter(|index| trains.get(*index).is_some_and(is_wanted)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let mut names: Vec<Arc<str>> = trains.iter().map(|train| train.name.clone()).collect();
    names.dedup();
    // Where there is nothing at all to train, the name that was asked for is not what is wrong.
    Err(RunError::NoTrain { wanted: model.filter(|_| !names.is_empty()).map(str::to_owned), trains: names })
}

/// The data of some trains, by index of the data block.
pub(super) fn load_datasets(checked: &Checked, trains: &[usize], limits: &Limits) -> Result<Datasets, RunError> {
    let mut datasets = BTreeMap::new();
    for train in trains.iter().filter_map(|index| checked.program.trains.get(*index)) {
        if let Some(block) = checked.program.data.get(train.data)
            && !datasets.contains_key(&train.data)
        {
            datasets.insert(train.data, load_within(&block.plan, limits)?);
        }
    }
    Ok(datasets)
}

/// A data block that a train names but that was not loaded: a broken promise of the checker.
pub(super) fn dataset_of<'d>(train: &Train, datasets: &'d Datasets) -> Result<&'d Dataset, RunError> {
    datasets.get(&train.data).ok_or_else(|| RunError::Internal {
        stage: "check",
        message: format!("the train of {} has no data", train.name),
    })
}

fn write_fitted(
    checked: &Checked,
    datasets: &BTreeMap<usize, Dataset>,
    directory: &RunDirectory,
) -> Result<(), RunError> {
    let by_name: BTreeMap<&str, &Fitted> = datasets
        .iter()
        .filter_map(|(index, dataset)| Some((&*checked.program.data.get(*index)?.name, &dataset.fitted)))
        .collect();
    let text = serde_json::to_string_pretty(&by_name)
        .map_err(|error| RunError::Internal { stage: FITTED, message: error.to_string() })?;
    directory.write(FITTED, text.as_bytes())
}

/// The file of the weights of a model: `model.safetensors` where it is the only one that is trained.
pub(super) fn weights_name(checked: &Checked, train: &Train) -> String {
    let is_only = checked.program.trains.iter().all(|other| other.model == train.model);
    if is_only { "model.safetensors".to_owned() } else { format!("{}.safetensors", train.name) }
}

/// A run and what belongs to it.
pub(super) struct WholeRun<'a> {
    pub(super) checked: &'a Checked,
    pub(super) options: &'a RunOptions,
    /// The trains to do, by index.
    pub(super) wanted: &'a [usize],
    pub(super) datasets: &'a Arc<Datasets>,
    pub(super) directory: &'a RunDirectory,
    pub(super) record: &'a mut Record,
}

/// What follows a train: writes down what happens, and from time to time where it stands.
struct Following<'f, 'r> {
    recorder: &'f mut Recorder<'r>,
    checkpoints: Checkpoints,
    /// Whether a checkpoint could not be written; told once.
    is_troubled: bool,
}

impl Observer for Following<'_, '_> {
    fn event(&mut self, event: &Event) {
        self.recorder.event(event);
    }

    fn trouble(&mut self, message: &str) {
        self.recorder.trouble(message);
    }
}

impl Attendant for Following<'_, '_> {
    fn pause(&mut self, moment: &Moment) -> Result<(), RunError> {
        if moment.is_needed || self.checkpoints.is_due() { self.save(moment) } else { Ok(()) }
    }
}

impl Following<'_, '_> {
    fn save(&mut self, moment: &Moment) -> Result<(), RunError> {
        let events = self.recorder.written();
        match self.checkpoints.write(moment, events) {
            // A full disk now may have room at the end; the checkpoint before is still there.
            Err(error) if !moment.is_needed => {
                if !std::mem::replace(&mut self.is_troubled, true) {
                    self.recorder.trouble(&error.to_string());
                }
                Ok(())
            }
            result => result,
        }
    }
}

impl WholeRun<'_> {
    /// Goes on to the end, and writes down how it ended.
    pub(super) fn go(mut self, begin: Begin, mut recorder: Recorder) -> Result<Outcome, RunError> {
        let result = self.trains(begin, &mut recorder);
        self.record.status = match &result {
            Ok(outcome) if outcome.exit_status() == 130 => Status::Interrupted,
            Ok(_) => Status::Finished,
            Err(RunError::Diverged(_)) => Status::Diverged,
            Err(_) => Status::Failed,
        };
        recorder.end(self.record.status == Status::Finished);
        // Why it failed matters more than that this could not be written down.
        let recorded = self.record.write(self.directory);
        let outcome = result?;
        recorded?;
        Ok(outcome)
    }

    fn trains(&mut self, begin: Begin, recorder: &mut Recorder) -> Result<Outcome, RunError> {
        let mut models = self.trained_before(&begin)?;
        let facts = self.record.trains.iter().flat_map(|train| train.fact_results(&self.checked.program)).collect();
        let path = self.directory.path().to_owned();
        let mut outcome = Outcome { directory: path, trains: Vec::new(), facts, data: Arc::clone(self.datasets) };
        let mut checkpoint = begin.checkpoint;
        for &index in self.wanted.iter().skip(begin.done) {
            let report = self.train(index, checkpoint.take(), &mut models, &mut outcome.facts, recorder);
            if let Err(RunError::Diverged(divergence)) = &report {
                recorder.event(&Event::Diverged(divergence.clone()));
            }
            let report = report?;
            let goes_on_later = report.stopped.is_some_and(Stopped::is_for_now);
            outcome.trains.push(report);
            recorder.check()?;
            if goes_on_later {
                break;
            }
            // Whoever goes on with this run begins behind what is done.
            if let Some(done) = self.record.trains.last_mut() {
                done.events = recorder.written();
                done.fingerprint = weights_fingerprint(self.directory.path(), &done.weights).unwrap_or_default();
            }
            self.record.write(self.directory)?;
        }
        Ok(outcome)
    }

    /// The weights that the trains which are done have left in the run's directory.
    fn trained_before(&self, begin: &Begin) -> Result<BTreeMap<usize, Weights>, RunError> {
        let train = |index: &usize| self.checked.program.trains.get(*index);
        let next = self.wanted.get(begin.done).and_then(train).map(|train| train.model);
        let mut models = BTreeMap::new();
        let done = self.wanted.iter().filter_map(train).zip(&self.record.trains).take(begin.done);
        // The last of each model left its weights.
        let last: BTreeMap<usize, (&Train, &TrainRecord)> = done.map(|pair| (pair.0.model, pair)).collect();
        for (train, record) in last.into_values() {
            // A checkpoint has those that the next train has made of its own since.
            if begin.checkpoint.is_some() && Some(train.model) == next {
                continue;
            }
            let path = self.directory.path();
            if weights_fingerprint(path, &record.weights).as_ref() != Some(&record.fingerprint) {
                let why = NotResumable::OtherWeights { file: path.join(&record.weights) };
                return Err(RunError::NotResumable { path: path.to_owned(), why, weights: None });
            }
            let states = States::of(&train.training.graph).map_err(RunError::plan)?;
            let mut weights = Weights::of(&states);
            let path = self.directory.path().join(weights_name(self.checked, train));
            weights_file::read_into(&mut weights, &path, None)?;
            models.insert(train.model, weights);
        }
        Ok(models)
    }

    fn train(
        &mut self,
        index: usize,
        checkpoint: Option<Checkpoint>,
        models: &mut BTreeMap<usize, Weights>,
        facts: &mut Vec<FactResult>,
        recorder: &mut Recorder,
    ) -> Result<TrainReport, RunError> {
        let Some(train) = self.checked.program.trains.get(index) else {
            return Err(RunError::Internal { stage: "train", message: format!("there is no train {index}") });
        };
        let dataset = dataset_of(train, self.datasets)?;
        let mut prepared = Prepared::new(train, dataset, self.options.threads)?;
        let begins_trained = checkpoint.is_none() && models.contains_key(&train.model);
        let from = match checkpoint {
            Some(checkpoint) => checkpoint.begin(&mut prepared.session.states)?,
            None => {
                prepared.begin_with(train, models.get(&train.model), self.options.init.as_deref())?;
                Beginning::default()
            }
        };
        recorder.event(&Event::Start(self.start(index, train, dataset, &prepared, &from.position)));

        let started = Instant::now();
        let seconds_before = from.position.seconds;
        let checkpoints = Checkpoints::new(self.directory.path(), index, self.checked);
        let mut following = Following { recorder, checkpoints, is_troubled: false };
        if begins_trained {
            // From now on the file of the model may hold weights of this train, and no longer those that it began with.
            let position = &from.position;
            following.save(&Moment { position, states: &prepared.session.states, best: None, is_needed: true })?;
        }
        let limit = self.options.memory_limit;
        let probe = self.options.gradients.map(|every| GradientProbe::new(train, dataset, every, limit));
        let mut training = Loop {
            train,
            dataset,
            extent: prepared.extent,
            interrupt: &self.options.interrupt,
            pause_after: self.options.pause_after,
            pause: &self.options.pause,
            probe,
            attendant: &mut following,
            started,
            seconds_before,
        };
        let trained = training.run(from, &mut prepared.session, &mut prepared.stepper, &mut prepared.measurer);
        let trained = trained.map_err(|error| error.located(self.checked));
        let seconds = seconds_before + started.elapsed().as_secs_f64();
        let weights = Weights::of(&prepared.session.states);
        self.save(train, &weights)?;
        let trained = trained?;
        models.insert(train.model, weights);

        let is_untouched = trained.stopped == Some(Stopped::Paused) && trained.steps == 0;
        let measures = if trained.stopped == Some(Stopped::Interrupted) || is_untouched {
            SplitMeasures::default()
        } else {
            self.measures(index, dataset, &mut prepared, trained.stopped)?
        };
        let mut checked_facts = Vec::new();
        if self.options.expect && !trained.stopped.is_some_and(Stopped::is_for_now) {
            let memory = prepared.memory() as u64;
            let known = Known { parameters: prepared.parameters, memory, seconds, measures: &measures };
            checked_facts = facts::check(self.checked, index, dataset, &known, self.options.threads)?;
        }
        for result in &checked_facts {
            recorder.event(&Event::Expect(result.clone()));
        }
        self.note(train, &trained, &measures, &checked_facts, seconds);
        facts.extend(checked_facts);
        recorder.event(&Event::Done(Done {
            phase: train.phase.as_ref().map(|phase| phase.name.clone()),
            train: train.name.clone(),
            epochs: trained.epochs,
            steps: trained.steps,
            test: measures.get(Split::Test).cloned(),
            stopped: trained.stopped,
            kept_epoch: trained.kept_epoch,
            growth: trained.growth,
            seconds,
        }));
        let Trained { epochs, steps, stopped, .. } = trained;
        Ok(TrainReport { train: train.title(), epochs, steps, measures, stopped, seconds })
    }

    fn start(&self, index: usize, train: &Train, dataset: &Dataset, prepared: &Prepared, from: &Position) -> Start {
        Start {
            from: (from.epoch, from.step),
            train: train.name.clone(),
            phase: train.phase.as_ref().map(|phase| phase.name.clone()),
            number: (index + 1, self.checked.program.trains.len()),
            parameters: prepared.parameters,
            seed: train.settings.seed,
            threads: self.options.threads,
            run: self.directory.path().to_owned(),
            steps: prepared.extent.steps,
            steps_per_epoch: prepared.extent.steps_per_epoch,
            examples: Split::ALL.map(|split| dataset.splits.get(split).len()),
        }
    }

    fn save(&self, train: &Train, weights: &Weights) -> Result<(), RunError> {
        let about = [
            ("format", "pt".to_owned()),
            ("model", train.name.to_string()),
            ("nnrun", env!("CARGO_PKG_VERSION").to_owned()),
            ("source", self.record.source.clone()),
        ];
        let folder = self.directory.path();
        // Somebody may have cleared it away while the training ran; the weights are what it was for.
        std::fs::create_dir_all(folder).map_err(|error| RunError::write(folder, &error))?;
        let path = folder.join(weights_name(self.checked, train));
        weights_file::write(&path, weights, &about)?;
        self.directory.become_latest()
    }

    /// The measures at the end: the test split, this once, so not before the last phase nor where training goes on later;
    /// validation; and train where it stands in for validation or a fact is about it.
    fn measures(
        &self,
        index: usize,
        dataset: &Dataset,
        prepared: &mut Prepared,
        stopped: Option<Stopped>,
    ) -> Result<SplitMeasures, RunError> {
        let mut measures = SplitMeasures::default();
        let is_followed = self.checked.program.trains.get(index).is_some_and(Train::is_followed)
            || stopped.is_some_and(Stopped::is_for_now);
        for split in Split::ALL {
            let examples = dataset.splits.get(split);
            if split == Split::Test && is_followed {
                continue;
            }
            let is_wanted = match &self.options.splits {
                Some(splits) => splits.contains(&split),
                None => {
                    split != Split::Train
                        || dataset.splits.validation.is_empty()
                        || (self.options.expect && facts::mention(self.checked, index, Split::Train))
                }
            };
            if is_wanted && !examples.is_empty() {
                let measured: Measures = prepared.measurer.measure(&mut prepared.session, examples)?;
                measures.splits.push((split, measured));
            }
        }
        Ok(measures)
    }

    fn note(&mut self, train: &Train, trained: &Trained, measures: &SplitMeasures, facts: &[FactResult], seconds: f64) {
        let data = self.checked.program.data.get(train.data).map_or(String::new(), |d| d.name.to_string());
        let mut record = TrainRecord {
            model: train.name.to_string(),
            phase: train.phase.as_ref().map(|phase| phase.name.to_string()),
            data,
            weights: weights_name(self.checked, train),
            seed: train.settings.seed,
            batch: train.settings.batch,
            accumulate: train.settings.accumulate,
            optimizer: train.settings.optimizer.entry.name.to_owned(),
            epochs: trained.epochs,
            steps: trained.steps,
            stopped: None,
            kept_epoch: trained.kept_epoch,
            seconds,
            measures: BTreeMap::new(),
            rising: train.evaluation.metrics.iter().filter(|m| m.is_rising()).map(|m| m.name.to_string()).collect(),
            facts: facts.iter().map(FactRecord::from).collect(),
            events: 0,
            fingerprint: String::new(),
        };
        record.set_stopped(trained.stopped);
        record.set_measures(measures);
        self.record.trains.push(record);
    }
}
