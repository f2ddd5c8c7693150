//! A person is erased: what other concerns hold on him goes, a part an invocation. The part that is done is written down, and its event
//! brings the next one; so no part is too long, and one that fails comes again.

use crate::Lifecycle;
use aws::store::held::Part;
use aws::store::users::Erasing;
use domain::event::UserErased;

/// Items of a part. Each is a write or two: some seconds of the minute that an invocation has.
const PART: usize = 200;

impl Lifecycle {
    pub async fn user_erased(&self, erased: UserErased) -> anyhow::Result<()> {
        let erasing = Erasing { user_id: erased.user_id, erasing_at: erased.erased_at, erase_round: erased.round };
        let done = self.erase_part(erased.user_id, erased.erased_at).await?;
        tracing::info!(round = erased.round, items = done, "a part of a person's data is erased");
        if done < PART { self.users.erased_all(&erasing).await } else { self.users.erased_part(&erasing).await }
    }

    /// How many items were erased; fewer than a part holds: nothing is left.
    async fn erase_part(&self, user: domain::ids::UserId, until: i64) -> anyhow::Result<usize> {
        let part = |done: usize| Part { user, until, limit: PART - done };
        let mut done = self.erasure.subscriptions(part(0), &self.subscriptions).await?;
        done += self.users.erase_roles(user, until, part(done).limit).await?;
        done += self.erasure.notifications(part(done)).await?;
        done += self.syncs.erase_appeals(user, until, part(done).limit).await?;
        done += self.erasure.syncs(part(done)).await?;
        done += self.erasure.bans(part(done)).await?;
        Ok(done)
    }
}
