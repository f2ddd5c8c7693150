//! What may happen in a history, by chance: the same seed tells the same.

use super::reference::{CHATS, PEOPLE};
use domain::settings::SyncBanType;
use domain::subscription::Mode;

/// SplitMix64.
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of so many.
    pub fn of(&mut self, many: usize) -> usize {
        (self.next() % many.max(1) as u64) as usize
    }

    /// So many times in a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.of(100) < percent
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.of(of.len())]
    }

    fn hours(&mut self) -> i64 {
        (1 + self.of(6) as i64) * 3600
    }

    /// Length of a ban: for ever, for hours, for little more than a kick, or as long as one.
    fn lasts(&mut self) -> Option<i64> {
        match self.of(20) {
            0..9 => None,
            9..16 => Some(self.hours()),
            16..19 => Some(61 + self.of(30) as i64),
            _ => Some(45 + self.of(15) as i64),
        }
    }

    fn chat(&mut self) -> usize {
        self.of(CHATS)
    }

    /// Mostly the same one: what is done to one and the same person meets.
    fn person(&mut self) -> usize {
        if self.percent(75) { 0 } else { 1 + self.of(PEOPLE - 1) }
    }
}

/// What an admin does to somebody, or Telegram once more.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Seconds; `None`: for ever.
    Ban(usize, usize, Option<i64>),
    /// Of the chats where this person is banned, the nth.
    Unban(usize, usize),
    Kick(usize, usize),
    /// A ban of so many seconds, an unban, and a ban of so many, at once.
    Flurry(usize, usize, [i64; 2]),
    /// Of the chats where there is something to take back, the nth; rather everywhere, or rather there.
    Undo(usize, usize, bool),
    /// A ban, and while it is carried over an admin of another chat, the nth, bans for so many seconds there, or unbans.
    Meddle(usize, usize, usize, Option<i64>),
    /// Of the updates so far, the nth.
    Redeliver(usize),
}

/// What else changes.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    Follow(usize, usize, Mode),
    Unfollow(usize, usize),
    AutoSync(usize, bool),
    Confirmation(usize, bool),
    BanType(usize, SyncBanType),
    SyncUnban(usize, bool),
    IgnorePerson(usize, usize, bool),
    IgnoreSource(usize, usize, bool),
    BotMayBan(usize, bool),
    Admin(usize, usize, bool),
    /// Leaves, and is not known there until he comes again.
    Away(usize, usize),
    Fault(usize, Trouble),
}

/// What Telegram does to a call.
#[derive(Clone, Copy, Debug)]
pub struct Trouble {
    pub method: &'static str,
    pub times: u32,
    /// The call is carried out all the same.
    pub after_effect: bool,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Error,
    Close,
    Flood,
    /// The answer comes so many milliseconds later.
    Slow(u64),
    /// There is none within the bot's time.
    Hang,
}

impl Act {
    pub fn any(chance: &mut Chance) -> Self {
        let (chat, person) = (chance.chat(), chance.person());
        match chance.of(40) {
            0..18 => Self::Ban(chat, person, chance.lasts()),
            18..29 => Self::Unban(chance.of(CHATS), person),
            29..31 => Self::Kick(chat, person),
            31..33 => Self::Flurry(chat, person, [chance.hours(), chance.hours()]),
            33..35 => Self::Undo(chat, person, chance.percent(60)),
            35..37 => Self::Meddle(chat, person, chance.of(CHATS), chance.percent(50).then(|| chance.hours())),
            _ => Self::Redeliver(chance.of(1000)),
        }
    }
}

impl Change {
    pub fn any(chance: &mut Chance) -> Self {
        let (chat, person) = (chance.chat(), chance.person());
        match chance.of(26) {
            0..5 => Self::Follow(chat, person, if chance.percent(75) { Mode::Auto } else { chance.pick(&[Mode::Confirm, Mode::Notify]) }),
            5..7 => Self::Unfollow(chat, person),
            7 => Self::AutoSync(chat, chance.percent(70)),
            8 => Self::Confirmation(chat, chance.percent(30)),
            9..12 => {
                Self::BanType(chat, chance.pick(&[SyncBanType::Same, SyncBanType::Same, SyncBanType::Permanent, SyncBanType::Temporary]))
            }
            12..15 => Self::SyncUnban(chat, chance.percent(75)),
            15 => Self::IgnorePerson(chat, person, chance.percent(40)),
            16 => Self::IgnoreSource(chat, (chat + 1 + chance.of(CHATS - 1)) % CHATS, chance.percent(40)),
            17..19 => Self::BotMayBan(chat, chance.percent(60)),
            19..21 => Self::Admin(chat, person, chance.percent(50)),
            21..23 => Self::Away(chat, person),
            _ => Self::Fault(chat, Trouble::any(chance)),
        }
    }
}

impl Trouble {
    fn any(chance: &mut Chance) -> Self {
        let method = chance.pick(&["banChatMember", "banChatMember", "getChatMember", "unbanChatMember"]);
        let kind = match chance.of(40) {
            0..14 => Kind::Error,
            14..28 => Kind::Close,
            28..37 => Kind::Slow(1000 + chance.of(2000) as u64),
            37..39 => Kind::Hang,
            _ => Kind::Flood,
        };
        Self { method, times: if chance.percent(80) { 1 } else { 2 }, after_effect: chance.percent(50), kind }
    }
}
