//! Who plays at the same time: some tests beside each other, and at other times one that breaks something for everybody.

use std::sync::LazyLock;
use tokio::sync::watch::Sender;

/// Tests that play beside each other. They wait far more than they work; more of them would wait for each other.
const BESIDE: usize = 8;

#[derive(Default)]
struct Playing {
    beside: usize,
    alone: bool,
}

static PLAYING: LazyLock<Sender<Playing>> = LazyLock::new(Sender::default);

/// A place among those who play, until the end of this.
pub struct Place {
    alone: bool,
}

impl Place {
    pub async fn beside_others() -> Self {
        Self::when(false, |playing| !playing.alone && playing.beside < BESIDE, |playing| playing.beside += 1).await
    }

    /// When nobody plays. Whoever wants to play beside others goes before, so that those who play alone do so one after another, and the
    /// others need not end more than once for them.
    pub async fn alone() -> Self {
        Self::when(true, |playing| !playing.alone && playing.beside == 0, |playing| playing.alone = true).await
    }

    async fn when(alone: bool, is_free: impl Fn(&Playing) -> bool, take: impl Fn(&mut Playing)) -> Self {
        let mut news = PLAYING.subscribe();
        loop {
            let taken = PLAYING.send_if_modified(|playing| {
                let free = is_free(playing);
                if free {
                    take(playing);
                }
                free
            });
            if taken {
                return Self { alone };
            }
            drop(news.wait_for(&is_free).await.expect("a static's sender is never gone"));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        PLAYING.send_modify(|playing| match self.alone {
            true => playing.alone = false,
            false => playing.beside -= 1,
        });
    }
}
