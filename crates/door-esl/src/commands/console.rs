//! `api`, `bgapi` (event-socket.md §2.3, §2.4).

use api::{JobId, Uuid};
use esl::command::PERMISSION_DENIED;
use esl::command::api::{Api, BgApi, Line, job_accepted};
use esl::reply;

use crate::ending::End;
use crate::session::Session;

impl Session {
    pub(super) async fn api(&mut self, api: Api) -> Result<(), End> {
        let list = self.access.api();
        let api = api.expanded(&self.shared.switch.view().tables, list);
        if list.is_some_and(|list| !api.is_allowed(list)) {
            return self.answer(PERMISSION_DENIED);
        }
        if let [line] = api.lines.as_slice()
            && reopens_door(line)
        {
            return self.reopen(line).await;
        }
        let text = self.console.execute_api(&api).await;
        self.send(reply::api_response(&text))
    }

    /// `api reload mod_event_socket` runs as a job, as the connection that asks ends like all others
    /// (event-socket.md §2.1, row 1).
    async fn reopen(&mut self, line: &Line) -> Result<(), End> {
        let id = Uuid::new_v4().to_string();
        let text = format!("+OK Job-UUID: {id}\n");
        self.run_job(id, line.clone()).await?;
        self.send(reply::api_response(&text))?;
        self.shared.reopen();
        Ok(())
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
        let (text, headers) = job_accepted(&id);
        let reopens = reopens_door(&job.line);
        self.run_job(id, job.line).await?;
        self.send(reply::command_reply_with(&text, &headers))?;
        if reopens {
            self.shared.reopen();
        }
        Ok(())
    }

    async fn run_job(&self, id: String, line: Line) -> Result<(), End> {
        let owner = self.controlled.as_ref().map(|c| c.channel.clone());
        let console = self.console.clone();
        let run = async move { console.run_job(JobId(id.into()), owner, line).await };
        if self.shared.jobs.run(run).await {
            Ok(())
        } else {
            Err(End::ShuttingDown)
        }
    }
}

/// Whether the command itself asks for this door to be reloaded; the original looks for the words anywhere in a
/// request.
fn reopens_door(line: &Line) -> bool {
    line.name.eq_ignore_ascii_case("reload")
        && line.args.split_whitespace().find(|word| *word != "-f") == Some("mod_event_socket")
}
