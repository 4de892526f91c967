use store::{Limits, Place};

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("jackfield-voicemail-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).unwrap();
        folder
    }

    fn recording(&self, name: &str) -> Arc<str> {
        let path = self.0.join("incoming").join(name);
        fs::write(&path, b"sound").unwrap();
        path.display().to_string().into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn mailbox() -> Extension {
    Extension {
        user: "1000".into(),
        domain: "example.org".into(),
    }
}

fn message(folder: &Folder, id: &str) -> Arc<VoiceMessage> {
    let path = folder.0.join(format!("default/example.org/1000/{id}.wav"));
    Arc::new(VoiceMessage {
        id: id.into(),
        caller_name: "Ana".into(),
        caller_number: "1001".into(),
        left_at: Timestamp(20),
        read_at: None,
        length_ms: 4_200,
        path: path.display().to_string().into(),
    })
}

async fn memory() -> Store {
    Store::open(&Place::Memory, Limits::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_message_is_found_again_until_it_is_deleted() {
    let (folder, store) = (Folder::new("again"), memory().await);
    assert_eq!(find(&folder.0, &store).await.unwrap(), []);
    let message = message(&folder, "a");
    let keep = VoicemailWork::Keep {
        recording: folder.recording("a.wav"),
        mailbox: mailbox(),
        message: message.clone(),
    };
    perform(keep, &store, Path::new("/")).await.unwrap();
    assert_eq!(fs::read(&*message.path).unwrap(), b"sound");
    assert!(!folder.0.join("incoming/a.wav").exists());
    let known = (mailbox(), (*message).clone());
    assert_eq!(find(&folder.0, &store).await.unwrap(), [known]);
    let mark = VoicemailWork::Mark {
        message: "a".into(),
        read_at: Some(Timestamp(99)),
    };
    perform(mark, &store, Path::new("/")).await.unwrap();
    let known = find(&folder.0, &store).await.unwrap();
    assert_eq!(known[0].1.read_at, Some(Timestamp(99)));
    let delete = VoicemailWork::Delete {
        message: message.clone(),
    };
    perform(delete, &store, Path::new("/")).await.unwrap();
    assert!(!Path::new(&*message.path).exists());
    assert_eq!(find(&folder.0, &store).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_not_complete_is_not_in_the_index() {
    let (folder, store) = (Folder::new("incomplete"), memory().await);
    find(&folder.0, &store).await.unwrap();
    let lost = VoicemailWork::Keep {
        recording: folder
            .0
            .join("incoming/none.wav")
            .display()
            .to_string()
            .into(),
        mailbox: mailbox(),
        message: message(&folder, "a"),
    };
    assert!(perform(lost, &store, Path::new("/")).await.is_err());
    assert_eq!(store.voice_messages().await.unwrap(), []);
    // The folder of the box is a file.
    fs::write(folder.0.join("default"), b"").unwrap();
    let recording = folder.recording("b.wav");
    let refused = VoicemailWork::Keep {
        recording: recording.clone(),
        mailbox: mailbox(),
        message: message(&folder, "b"),
    };
    assert!(perform(refused, &store, Path::new("/")).await.is_err());
    assert_eq!(store.voice_messages().await.unwrap(), []);
    assert!(Path::new(&*recording).exists(), "nothing is lost");
}

#[tokio::test]
async fn a_message_without_its_file_is_not_shown() {
    let (folder, store) = (Folder::new("gone"), memory().await);
    let row = kept(&mailbox(), &message(&folder, "a"));
    store.save_voice_message(row).await.unwrap();
    assert_eq!(find(&folder.0, &store).await.unwrap(), []);
}

#[tokio::test]
async fn a_sound_is_copied_and_measured_or_nothing_is_left() {
    let (folder, store) = (Folder::new("copied"), memory().await);
    find(&folder.0, &store).await.unwrap();
    let wav = |samples: usize| {
        let data = u32::try_from(samples * 2).unwrap();
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((data + 36).to_le_bytes());
        bytes.extend(b"WAVEfmt ");
        bytes.extend(16_u32.to_le_bytes());
        bytes.extend([1, 0, 1, 0]);
        bytes.extend(8000_u32.to_le_bytes());
        bytes.extend(16_000_u32.to_le_bytes());
        bytes.extend([2, 0, 16, 0]);
        bytes.extend(b"data");
        bytes.extend(data.to_le_bytes());
        bytes.resize(44 + samples * 2, 0);
        bytes
    };
    let sound = folder.0.join("hello.wav");
    fs::write(&sound, wav(12_000)).unwrap();
    let to = folder.0.join("incoming/a.wav");
    assert_eq!(copy(sound.clone(), to.clone()).await, Ok(1500));
    assert_eq!(fs::read(&to).unwrap(), fs::read(&sound).unwrap());
    assert!(sound.exists(), "it is copied, not moved");
    fs::remove_file(&to).unwrap();
    fs::write(&sound, "no sound").unwrap();
    for from in [sound, folder.0.join("nowhere.wav")] {
        assert!(copy(from, to.clone()).await.is_err());
        assert!(!to.exists());
    }
    // A greeting is there, or is not.
    let file: Arc<str> = folder.0.join("greeting.wav").display().to_string().into();
    let look = VoicemailWork::Look { file: file.clone() };
    assert!(perform(look.clone(), &store, Path::new("/")).await.is_err());
    fs::write(&*file, "hello").unwrap();
    assert_eq!(perform(look, &store, Path::new("/")).await, Ok(None));
}
