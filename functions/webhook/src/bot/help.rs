//! Help: the few commands that are used most, and the rest by theme.

use super::action::{Action, HelpTopic};
use super::screen::{Choice, Screen};
use domain::lang::Lang;
use telegram::text;

pub fn help(lang: Lang) -> Screen {
    let on = |label: String, topic| Choice::new(label, Action::HelpOn(topic));
    Screen::text(text!(lang, "help"))
        .row([
            on(text!(lang, "button-help-following"), HelpTopic::Following),
            on(text!(lang, "button-help-deciding"), HelpTopic::Deciding),
            on(text!(lang, "button-help-looking"), HelpTopic::Looking),
        ])
        .row([Choice::new(text!(lang, "button-why-me"), Action::WhyMe)])
        .row([Choice::new(text!(lang, "button-privacy"), Action::Privacy)])
}

pub fn help_on(lang: Lang, topic: HelpTopic) -> Screen {
    let text = match topic {
        HelpTopic::Following => text!(lang, "help-following"),
        HelpTopic::Deciding => text!(lang, "help-deciding"),
        HelpTopic::Looking => text!(lang, "help-looking"),
    };
    Screen::text(text).row([Choice::new(text!(lang, "button-back"), Action::Help)])
}

#[cfg(test)]
mod tests {
    use super::super::screen::To;
    use super::*;

    #[test]
    fn every_theme_is_reached_from_the_help_and_leads_back() {
        for lang in [Lang::En, Lang::Ru] {
            let leads = help(lang).rows.into_iter().flatten().map(|choice| choice.to).collect::<Vec<_>>();
            for topic in [HelpTopic::Following, HelpTopic::Deciding, HelpTopic::Looking] {
                assert!(leads.contains(&To::Action(Box::new(Action::HelpOn(topic)))), "{topic:?}");
                assert_eq!(help_on(lang, topic).rows[0][0].to, To::Action(Box::new(Action::Help)));
            }
        }
    }

    #[test]
    fn every_command_is_in_the_help() {
        for lang in [Lang::En, Lang::Ru] {
            let topics = [HelpTopic::Following, HelpTopic::Deciding, HelpTopic::Looking].map(|topic| help_on(lang, topic).text);
            let all = format!("{}{}", help(lang).text, topics.concat());
            for command in [
                "subscribe",
                "unsubscribe",
                "list",
                "undo",
                "ignore",
                "unignore",
                "sources",
                "block",
                "unblock",
                "settings",
                "history",
                "why",
                "stats",
                "verify",
                "privacy",
                "mydata",
                "web",
            ] {
                assert!(all.contains(&format!("/{command}")), "{command}");
            }
        }
    }
}
