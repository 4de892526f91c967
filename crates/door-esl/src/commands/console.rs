//! `api`, `bgapi` (event-socket.md §2.3, §2.4).

use api::{JobId, Uuid};
use esl::command::PERMISSION_DENIED;
use esl::command::api::{Api, BgApi, job_accepted};
use esl::reply;

use crate::ending::End;
use crate::session::Session;

impl Session {
    pub(super) async fn api(&mut self, api: &Api) -> Result<(), End> {
        if self.access.api().is_some_and(|list| !api.is_allowed(list)) {
            return self.answer(PERMISSION_DENIED);
        }
        let text = self.console.execute_api(api).await;
        self.send(reply::api_response(&text))
    }

    /// The reply always comes before the job's event, as events are passed on only after this returns. The job
    /// belongs to the door: it goes on when the connection ends.
    pub(super) async fn bgapi(&mut self, job: BgApi) -> Result<(), End> {
        if self
            .access
            .api()
            .is_some_and(|list| !job.line.is_allowed(list))
        {
            return self.answer(PERMISSION_DENIED);
        }
        let id = job.job_id.unwrap_or_else(|| Uuid::new_v4().to_string());
        let owner = self.controlled.as_ref().map(|c| c.channel.clone());
        let (text, headers) = job_accepted(&id);
        let console = self.console.clone();
        let run = async move { console.run_job(JobId(id.into()), owner, job.line).await };
        if !self.shared.jobs.run(run).await {
            return Err(End::ShuttingDown);
        }
        self.send(reply::command_reply_with(&text, &headers))
    }
}
