use std::thread;

use api::spatial::Layout;
use api::{BackendPort, BusLimits, Capabilities, NodeId, Switch, Uuid, pair};
use testkit::sim::{Weather, World};
use tokio::sync::{mpsc, oneshot};

type Order = Box<dyn FnOnce(&mut World) + Send>;

/// A whole switch with its media in virtual time, on a thread of its own.
pub struct RealSwitch {
    handle: Switch,
    orders: mpsc::Sender<Order>,
}

impl RealSwitch {
    pub fn start(layouts: Vec<Layout>) -> Self {
        let (orders, inbox) = mpsc::channel(1);
        let (ready, started) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let world = World::furnished(7, Weather::default(), layouts);
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

    /// Does something with the world, for instance lets time pass or a phone call.
    pub async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut World) -> T + Send + 'static,
    ) -> T {
        let (reply, done) = oneshot::channel();
        let order: Order = Box::new(move |world| {
            reply.send(act(world)).ok().unwrap();
        });
        self.orders.send(order).await.ok().unwrap();
        done.await.unwrap()
    }

    /// The switch stops answering.
    pub fn stop(&mut self) {
        let (orders, _) = mpsc::channel(1);
        self.orders = orders;
    }
}

async fn serve(mut world: World, port: BackendPort, mut orders: mpsc::Receiver<Order>) {
    let BackendPort {
        mut requests,
        publisher,
    } = port;
    loop {
        let mut answered = None;
        tokio::select! {
            request = requests.recv() => match request {
                Some(request) => {
                    let (command, _, responder) = request.into_parts();
                    let id = world.ask(command);
                    let answer = world.answer(id).expect("the switch answers at once");
                    answered = Some((responder, answer));
                }
                None => return,
            },
            order = orders.recv() => match order {
                Some(order) => order(&mut world),
                None => return,
            },
        }
        let events = std::mem::take(&mut world.events);
        publisher.publish(events, world.view.clone()).await;
        if let Some((responder, answer)) = answered {
            responder.send(answer, world.view.as_of);
        }
    }
}
