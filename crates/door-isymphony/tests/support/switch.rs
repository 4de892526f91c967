use std::thread;
use std::time::Duration;

use api::{BackendPort, BusLimits, Capabilities, NodeId, RequestId, Responder, Switch, Uuid, pair};
use testkit::sim::{Weather, World};
use tokio::sync::{mpsc, oneshot};

/// Says that an order was carried out.
type Done = Box<dyn FnOnce() + Send>;
type Order = Box<dyn FnOnce(&mut World) -> Done + Send>;

/// Time that passes between looks whether a command has its answer.
const STEP: Duration = Duration::from_millis(20);

/// A whole switch with its media in virtual time, on a thread of its own. Time passes when a test says so, and while a
/// command waits for its answer.
pub struct RealSwitch {
    handle: Switch,
    orders: mpsc::Sender<Order>,
}

impl RealSwitch {
    pub fn start() -> Self {
        let (orders, inbox) = mpsc::channel(1);
        let (ready, started) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let world = World::new(7, Weather::default());
                let capabilities = Capabilities {
                    node: NodeId(Uuid::from_u128(8)),
                    applications: [].into(),
                    endpoints: [].into(),
                    codecs: [].into(),
                };
                let (handle, port, dispatcher) =
                    pair(capabilities, BusLimits::default(), (*world.view).clone());
                tokio::spawn(dispatcher.run());
                ready.send(handle).unwrap();
                serve(world, port, inbox).await;
            });
        });
        Self {
            handle: started.recv().unwrap(),
            orders,
        }
    }

    pub fn handle(&self) -> Switch {
        self.handle.clone()
    }

    /// Does something with the world, for instance lets time pass or a phone call. What it causes is published.
    pub async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut World) -> T + Send + 'static,
    ) -> T {
        let (reply, done) = oneshot::channel();
        let order: Order = Box::new(move |world| {
            let result = act(world);
            Box::new(move || reply.send(result).ok().unwrap())
        });
        self.orders.send(order).await.ok().unwrap();
        done.await.unwrap()
    }
}

async fn serve(mut world: World, port: BackendPort, mut orders: mpsc::Receiver<Order>) {
    let BackendPort {
        mut requests,
        publisher,
    } = port;
    let mut waiting: Vec<(RequestId, Responder)> = Vec::new();
    loop {
        let mut carried_out: Option<Done> = None;
        tokio::select! {
            biased;
            request = requests.recv() => match request {
                Some(request) => {
                    let (command, _, responder) = request.into_parts();
                    waiting.push((world.ask(command), responder));
                }
                None => return,
            },
            order = orders.recv() => match order {
                Some(order) => carried_out = Some(order(&mut world)),
                None => return,
            },
            () = tokio::task::yield_now(), if !waiting.is_empty() => world.run(STEP),
        }
        let events = std::mem::take(&mut world.events);
        publisher.publish(events, world.view.clone()).await;
        if let Some(done) = carried_out {
            done();
        }
        for (id, responder) in std::mem::take(&mut waiting) {
            match world.answer(id) {
                Some(answer) => responder.send(answer, world.view.as_of),
                None => waiting.push((id, responder)),
            }
        }
    }
}
