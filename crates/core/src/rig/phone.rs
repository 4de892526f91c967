//! A phone that is a SIP endpoint of its own.

use std::sync::Arc;

use api::view::{DirectoryUser, Domain};
use sip::event::OutOfDialogRequest;
use sip::message::{Method, parse_datagram};
use sip::transport::{Flow, FlowId, Target, Transport};

use super::{Rig, SIP, UDP_FLOW};
use crate::Input;

/// A phone: a SIP endpoint at an address of its own.
pub(crate) struct Phone {
    endpoint: sip::Endpoint,
    flow: Flow,
    uri: String,
    call_id: String,
    cseq: u32,
    /// The Contact it registers, where it is not simply its address.
    pub(crate) contact: Option<String>,
    /// What it was notified of before the answer to its last request came.
    pub(crate) notified: Vec<String>,
    /// More headers of its REGISTER.
    pub(crate) headers: Vec<(String, String)>,
}

impl Phone {
    pub(crate) fn new(user: &str, address: &str, transport: Transport, flow: u64) -> Self {
        // Two phones with one seed would have their transactions taken for each other's.
        let mut seed = [flow as u8; 32];
        seed.iter_mut()
            .zip(user.bytes())
            .for_each(|(place, byte)| *place ^= byte);
        Self {
            endpoint: sip::Endpoint::new(
                sip::EndpointConfig {
                    user_agent: "Phone/1".into(),
                    ..Default::default()
                },
                seed,
            ),
            flow: Flow {
                id: if transport == Transport::Udp {
                    UDP_FLOW
                } else {
                    FlowId(flow)
                },
                transport,
                local: SIP.parse().expect("an address"),
                remote: address.parse().expect("an address"),
            },
            uri: user.into(),
            call_id: format!("call-of-{user}-{flow}"),
            cseq: 0,
            contact: None,
            notified: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Its address of record; a user without a domain belongs to the switch's own.
    fn address(&self) -> String {
        if self.uri.contains('@') {
            format!("sip:{}", self.uri)
        } else {
            format!("sip:{}@127.0.0.1", self.uri)
        }
    }

    pub(crate) fn flow(&self) -> FlowId {
        self.flow.id
    }

    /// Registers (or with 0 seconds unregisters) and returns the final code.
    pub(crate) fn register(&mut self, rig: &mut Rig, password: &str, expires_s: u32) -> u16 {
        let contact = self.contact.clone().unwrap_or_else(|| {
            let user = self.uri.split('@').next().unwrap_or_default();
            format!("sip:{user}@{}", self.flow.remote)
        });
        let headers = [("Expires".to_owned(), expires_s.to_string())]
            .into_iter()
            .chain(self.headers.iter().cloned())
            .collect();
        let own = self.address();
        let mut request = self.request(Method::Register, "sip:127.0.0.1", &own, &own, password);
        request.local_contact = Some(contact);
        request.headers = headers;
        self.send(rig, request)
    }

    /// Sends a message in whatever name, as the user it is, and returns the final code; `None`: it waits for it.
    pub(crate) fn message(
        &mut self,
        rig: &mut Rig,
        password: &str,
        from: &str,
        to: &str,
    ) -> Option<u16> {
        let to = format!("sip:{to}");
        let from = format!("sip:{from}");
        let mut request = self.request(Method::Message, &to, &from, &to, password);
        request.body = Some(("text/plain".into(), bytes::Bytes::from_static(b"Hi")));
        self.post(request, rig);
        self.final_code(rig)
    }

    /// Subscribes to the lamp of a user of the switch's own domain, and returns the final code. It does not take the
    /// NOTIFYs that follow.
    pub(crate) fn subscribe(&mut self, rig: &mut Rig, password: &str, whose: &str) -> u16 {
        self.subscribe_to(rig, password, whose, "message-summary")
    }

    /// The same for the calls of a user.
    pub(crate) fn watch(&mut self, rig: &mut Rig, password: &str, whose: &str) -> u16 {
        self.subscribe_to(rig, password, whose, "dialog")
    }

    fn subscribe_to(&mut self, rig: &mut Rig, password: &str, whose: &str, event: &str) -> u16 {
        let (own, whose) = (self.address(), format!("sip:{whose}@127.0.0.1"));
        let mut request = self.request(Method::Subscribe, &whose, &own, &whose, password);
        request.local_contact = Some(format!("sip:{}", self.flow.remote));
        request.headers = vec![("Event".into(), event.into())];
        self.send(rig, request)
    }

    fn request(
        &mut self,
        method: Method,
        uri: &str,
        from: &str,
        to: &str,
        password: &str,
    ) -> OutOfDialogRequest {
        // One number for the challenged request, one for the answer to the challenge.
        self.cseq += 2;
        let user = self.uri.split('@').next().unwrap_or_default();
        OutOfDialogRequest {
            method,
            uri: uri.into(),
            from: sip::Party::uri(from),
            to: sip::Party::uri(to),
            target: Target {
                flow: Some(FlowId(99)),
                transport: self.flow.transport,
                local: self.flow.remote,
                remote: self.flow.local,
            },
            local_contact: None,
            headers: Vec::new(),
            body: None,
            credentials: Some(sip::auth::Credentials::password(user, password)),
            route: Vec::new(),
            call: Some((self.call_id.clone(), self.cseq)),
        }
    }

    fn send(&mut self, rig: &mut Rig, request: OutOfDialogRequest) -> u16 {
        self.post(request, rig);
        self.await_final(rig)
    }

    fn post(&mut self, request: OutOfDialogRequest, rig: &Rig) {
        self.endpoint
            .send_out_of_dialog(rig.now().mono, request)
            .expect("a sound request");
    }

    /// Calls to take over the call a Replaces header names, and returns the final code.
    pub(crate) fn take_over(
        &mut self,
        rig: &mut Rig,
        password: &str,
        replaces: &str,
        sdp: &str,
    ) -> u16 {
        let own = self.address();
        let to = "sip:mod_sofia@127.0.0.1";
        let request = self.request(Method::Invite, to, &own, to, password);
        let invite = sip::endpoint::InviteRequest {
            to_uri: request.uri,
            from: request.from,
            to: request.to,
            target: request.target,
            local_contact: format!("sip:{}", self.flow.remote),
            sdp: Some(bytes::Bytes::copy_from_slice(sdp.as_bytes())),
            headers: vec![("Replaces".into(), replaces.into())],
            credentials: request.credentials,
            route: Vec::new(),
            call_id: None,
            max_forwards: 70,
        };
        self.endpoint
            .invite(rig.now().mono, invite)
            .expect("a sound request");
        self.await_final(rig)
    }

    fn await_final(&mut self, rig: &mut Rig) -> u16 {
        self.final_code(rig).expect("a final answer")
    }

    fn final_code(&mut self, rig: &mut Rig) -> Option<u16> {
        for _ in 0..8 {
            while let Some(sent) = self.endpoint.poll_transmit() {
                let message = parse_datagram(sent.bytes).expect("our own message");
                rig.feed(Input::Sip {
                    flow: self.flow,
                    message,
                });
            }
            for transmit in std::mem::take(&mut rig.transmits) {
                assert_eq!(
                    transmit.target.remote, self.flow.remote,
                    "the answer goes back to the phone"
                );
                let back = Flow {
                    id: FlowId(99),
                    local: self.flow.remote,
                    remote: self.flow.local,
                    ..self.flow
                };
                let message = parse_datagram(transmit.bytes).expect("the switch's own message");
                self.endpoint.handle_message(rig.now().mono, &back, message);
            }
            while let Some(event) = self.endpoint.poll_event() {
                match event {
                    sip::Event::Response { code, .. } if code >= 200 => return Some(code),
                    sip::Event::Rejected { code, .. } => return Some(code),
                    sip::Event::Request { request, .. } => {
                        let body = String::from_utf8_lossy(&request.body()).into_owned();
                        self.notified.push(body);
                    }
                    sip::Event::Answered { .. } => return Some(200),
                    _ => {}
                }
            }
        }
        None
    }
}

impl Rig {
    /// A second domain, with one user.
    pub(crate) fn add_domain(&mut self, name: &str) {
        let directory = Arc::make_mut(&mut self.switch.view.directory);
        let mut user = DirectoryUser::clone(directory.user("127.0.0.1", "1000").expect("a user"));
        user.domain = name.into();
        directory.domains.push(Domain {
            name: name.into(),
            users: vec![Arc::new(user)],
            index: [("1000".into(), 0)].into(),
            ..Domain::default()
        });
    }
}
