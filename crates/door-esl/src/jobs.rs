use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Background jobs of the door: they outlive the connections that asked for them.
#[derive(Clone)]
pub(crate) struct Jobs {
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Jobs {
    pub(crate) fn new(max: usize, stop: CancellationToken) -> Self {
        Self {
            places: Arc::new(Semaphore::new(max)),
            tasks: TaskTracker::new(),
            stop,
        }
    }

    /// Runs a job, waiting for a place first. False when the door is closing.
    pub(crate) async fn run(&self, job: impl Future<Output = ()> + Send + 'static) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            place = self.places.clone().acquire_owned() => {
                place.is_ok_and(|place| self.spawn(job, place))
            }
        }
    }

    /// Runs a job if there is a place now.
    pub(crate) fn try_run(&self, job: impl Future<Output = ()> + Send + 'static) -> bool {
        let place = self.places.clone().try_acquire_owned();
        place.is_ok_and(|place| self.spawn(job, place))
    }

    fn spawn(
        &self,
        job: impl Future<Output = ()> + Send + 'static,
        place: OwnedSemaphorePermit,
    ) -> bool {
        if self.stop.is_cancelled() {
            return false;
        }
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = job => {}
                () = stop.cancelled() => {}
            }
            drop(place);
        });
        true
    }

    /// Stops all jobs and waits for them.
    pub(crate) async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(crate) fn running(&self) -> usize {
        self.tasks.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_pool_makes_the_next_one_wait_and_the_end_stops_all() {
        let jobs = Jobs::new(1, CancellationToken::new());
        let (finish, wait) = tokio::sync::oneshot::channel::<()>();
        let first = async move {
            wait.await.ok();
        };
        assert!(jobs.run(first).await);
        assert!(!jobs.try_run(async {}));
        let (done, was_run) = tokio::sync::oneshot::channel();
        let second = async move {
            done.send(()).ok();
            std::future::pending::<()>().await;
        };
        let waiting = jobs.clone();
        let third = tokio::spawn(async move { waiting.run(second).await });
        finish.send(()).unwrap();
        was_run.await.unwrap();
        assert!(third.await.unwrap());
        jobs.end().await;
        assert_eq!(jobs.running(), 0);
        assert!(!jobs.run(async {}).await);
    }
}
