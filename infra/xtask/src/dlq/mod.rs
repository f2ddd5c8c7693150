//! `cargo xtask dlq`: what the functions gave up, in the stack's three dead letter queues: to read it, to try it again, to drop it.
//!
//! # Layout
//! - [`queue`]: a dead letter queue, and taking out of it without losing anything;
//! - [`letter`]: what a message is, and the line that tells of it;
//! - [`redrive`]: trying again; [`stream`] reads the records of a batch and items, [`filter`] tells which of them the function reads.

mod filter;
mod letter;
mod queue;
mod redrive;
mod stream;

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use crate::stack::Stack;
use crate::{setup, target};
use letter::Letter;
use queue::{DeadLetters, Message, QueueName};

#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    target: target::Options,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print what is in the dead letter queues; it stays there
    Show {
        /// Only this queue's
        queue: Option<QueueName>,
        /// Print the bodies, too: they hold names of people and texts of messages
        #[arg(long)]
        full: bool,
    },
    /// Try again what is in the dead letter queues
    Redrive {
        /// Only this queue's
        queue: Option<QueueName>,
        /// Only these messages, as `show` names them
        #[arg(long = "id", value_name = "MESSAGE_ID", num_args = 1..)]
        ids: Vec<String>,
    },
    /// Delete messages from the dead letter queues: what they were for is never done
    #[command(group = clap::ArgGroup::new("which").required(true))]
    Drop {
        /// Only this queue's
        queue: Option<QueueName>,
        /// These messages, as `show` names them
        #[arg(long = "id", value_name = "MESSAGE_ID", num_args = 1.., group = "which")]
        ids: Vec<String>,
        /// Every message
        #[arg(long, group = "which")]
        all: bool,
    },
}

pub fn dlq(options: &Options) -> Result<()> {
    setup::local_aws()?;
    let stack = options.target.stack()?;
    match &options.command {
        Command::Show { queue, full } => show(&stack, *queue, *full),
        Command::Redrive { queue, ids } => redrive(&stack, *queue, ids),
        Command::Drop { queue, ids, .. } => drop_messages(&stack, *queue, ids),
    }
}

/// The queues that a command is about.
fn queues(stack: &Stack, only: Option<QueueName>) -> Result<Vec<(QueueName, DeadLetters)>> {
    let of = |name: QueueName| {
        let key = name.dead();
        let url = stack.queues.get(key).with_context(|| format!("the stack has no queue `{key}`; deploy this version first"))?;
        Ok((name, DeadLetters::new(stack.aws(), url.clone())))
    };
    QueueName::ALL.into_iter().filter(|name| only.is_none_or(|only| only == *name)).map(of).collect()
}

fn show(stack: &Stack, only: Option<QueueName>, full: bool) -> Result<()> {
    for (name, queue) in queues(stack, only)? {
        let messages = queue.take(1)?;
        queue.put_back(&messages.iter().collect::<Vec<_>>());
        println!("{}: {}", name.dead(), count(messages.len()));
        for message in &messages {
            println!("  {}", line(stack, name, message));
            if full {
                println!("    {}", message.body);
            }
        }
    }
    Ok(())
}

fn redrive(stack: &Stack, only: Option<QueueName>, ids: &[String]) -> Result<()> {
    let mut missing: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let (mut done, mut failed) = (0, 0);
    for (name, queue) in queues(stack, only)? {
        let messages = queue.take(name.seconds_to_redrive())?;
        let (chosen, mut staying) = choose(&messages, ids, &mut missing);
        for some in chosen.chunks(queue::BATCH) {
            let (mut succeeded, mut lines) = (Vec::new(), Vec::new());
            for (message, result) in some.iter().zip(redrive::redrive(stack, name, some)) {
                match result {
                    Ok(how) => {
                        succeeded.push(*message);
                        lines.push(format!("{}\n  → {how}", line(stack, name, message)));
                    }
                    Err(error) => {
                        eprintln!("{}\n  failed and stays: {error:#}", line(stack, name, message));
                        staying.push(message);
                    }
                }
            }
            // Only now: what ends in between is done twice, which every consumer bears, and not lost.
            let kept = queue.delete(&succeeded);
            for (message, line) in succeeded.iter().zip(lines) {
                match kept.get(&message.id) {
                    None => println!("{line}"),
                    Some(why) => eprintln!("{line}, and is in the queue all the same: {why}"),
                }
            }
            done += succeeded.len() - kept.len();
            failed += some.len() - succeeded.len() + kept.len();
        }
        queue.put_back(&staying);
    }
    println!("{done} tried again, {failed} failed");
    finish(failed, &missing)
}

fn drop_messages(stack: &Stack, only: Option<QueueName>, ids: &[String]) -> Result<()> {
    let mut missing: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let (mut done, mut failed) = (0, 0);
    for (name, queue) in queues(stack, only)? {
        let messages = queue.take(1)?;
        let (chosen, mut staying) = choose(&messages, ids, &mut missing);
        for some in chosen.chunks(queue::BATCH) {
            let kept = queue.delete(some);
            for message in some {
                match kept.get(&message.id) {
                    None => println!("{}", line(stack, name, message)),
                    Some(why) => {
                        eprintln!("{}\n  is still there: {why}", line(stack, name, message));
                        staying.push(message);
                    }
                }
            }
            done += some.len() - kept.len();
            failed += kept.len();
        }
        queue.put_back(&staying);
    }
    println!("{done} dropped, {failed} failed");
    finish(failed, &missing)
}

/// The messages with these ids (all, where none is named), and the others. What is found is `missing` no more.
fn choose<'a>(messages: &'a [Message], ids: &[String], missing: &mut BTreeSet<&str>) -> (Vec<&'a Message>, Vec<&'a Message>) {
    messages.iter().partition(|message| {
        missing.remove(message.id.as_str());
        ids.is_empty() || ids.contains(&message.id)
    })
}

fn finish(failed: usize, missing: &BTreeSet<&str>) -> Result<()> {
    if !missing.is_empty() {
        let missing: Vec<_> = missing.iter().copied().collect();
        bail!("there is no message {} (`cargo xtask dlq show` names those that are there)", missing.join(", "));
    }
    if failed > 0 {
        bail!("{} failed, see above", count(failed));
    }
    Ok(())
}

fn line(stack: &Stack, name: QueueName, message: &Message) -> String {
    let letter = Letter::read(name, &message.body, &message.attributes).describe(&stack.functions);
    format!("{}  {}  received {}×  {letter}", message.id, message.sent(), message.receives)
}

fn count(messages: usize) -> String {
    match messages {
        0 => "nothing".to_owned(),
        1 => "1 message".to_owned(),
        n => format!("{n} messages"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn parse(line: &str) -> Result<Command, clap::Error> {
        Cli::try_parse_from(line.split(' ')).map(|cli| cli.options.command)
    }

    #[test]
    fn to_drop_messages_one_must_say_which() {
        for line in ["dlq drop", "dlq drop sync", "dlq drop --id", "dlq drop --all --id a"] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(matches!(parse("dlq drop --all"), Ok(Command::Drop { queue: None, all: true, .. })));
        let Ok(Command::Drop { queue, ids, all }) = parse("dlq drop events --id a b --id c") else { panic!("it is a good command line") };
        assert_eq!((queue, ids.join(" "), all), (Some(QueueName::Events), "a b c".to_owned(), false));
    }

    #[test]
    fn all_queues_are_shown_and_tried_again_unless_one_is_named() {
        assert!(matches!(parse("dlq show"), Ok(Command::Show { queue: None, full: false })));
        assert!(matches!(parse("dlq show notification --full"), Ok(Command::Show { queue: Some(QueueName::Notification), full: true })));
        assert!(matches!(parse("dlq redrive sync_dlq"), Ok(Command::Redrive { queue: Some(QueueName::Sync), .. })));
        assert!(matches!(parse("dlq redrive --id a b"), Ok(Command::Redrive { queue: None, ids }) if ids == ["a", "b"]));
        assert!(parse("dlq show bans").is_err());
    }

    #[test]
    fn an_id_that_no_queue_has_is_told() {
        let message = |id: &str| Message { id: id.to_owned(), ..Message::default() };
        let messages = [message("a"), message("b")];
        let ids = ["b".to_owned(), "c".to_owned()];
        let mut missing: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        let (chosen, staying) = choose(&messages, &ids, &mut missing);
        assert_eq!((chosen[0].id.as_str(), staying[0].id.as_str()), ("b", "a"));
        assert!(finish(0, &missing).unwrap_err().to_string().contains("no message c "));
        assert!(finish(0, &BTreeSet::new()).is_ok());
        assert!(finish(1, &BTreeSet::new()).is_err());
    }
}
