//! Sealed files against those who change them, and envelopes against another implementation.

use crate::body::write_with_salt;
use crate::front::CHECK_BYTES;
use crate::primitives::TAG_BYTES;
use crate::*;
use proptest::prelude::*;
use std::io::{Cursor, Read, Seek, SeekFrom};
use tintype_container::crc_32c;

const CHUNK: usize = CHUNK_BYTES + TAG_BYTES;

fn identity() -> Identity {
    Identity::parse_list(include_str!("../../../testdata/seal/age-key.txt")).unwrap().remove(0)
}

fn ssh_identity() -> Identity {
    Identity::parse_list(include_str!("../../../testdata/seal/ssh-key")).unwrap().remove(0)
}

fn keys() -> Keys {
    Keys::new().identities([identity()])
}

fn lock() -> Lock {
    Lock::for_recipients(&[identity().recipient().unwrap()]).unwrap()
}

fn noise(len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..len).map(|_| random.u8(..)).collect()
}

fn full(bytes: &[u8], lock: &Lock) -> Vec<u8> {
    let mut file = Vec::new();
    write_sealed(&mut file, &[Part { scale_log2: 0, bytes, lock: Some(lock) }]).unwrap();
    file
}

/// Reads part `index` of `file`; what came before a failure, and the failure.
fn open(file: &[u8], index: usize, keys: &Keys) -> (Vec<u8>, Option<String>) {
    let mut out = Vec::new();
    let read = (|| {
        let mut source = file;
        let front = Front::read(&mut source)?;
        let at = front.parts().get(index).map_or(0, |part| part.at) as usize;
        let source = file.get(at..).ok_or(SealError::Truncated { needed: 1 })?;
        front.open(index, keys, source)?.read_to_end(&mut out)?;
        Ok::<(), SealError>(())
    })();
    (out, read.err().map(|error| error.to_string()))
}

/// The file with its front's checksum made right again.
fn with_right_checksum(mut file: Vec<u8>, front_len: usize) -> Vec<u8> {
    let checksum = crc_32c(&file[..front_len - 4]).to_le_bytes();
    file[front_len - 4..front_len].copy_from_slice(&checksum);
    file
}

fn front_len(file: &[u8]) -> usize {
    Front::read(&mut &file[..]).unwrap().len_bytes() as usize
}

#[test]
fn parts_of_any_length_come_back() {
    for len in [0, 1, 20_000, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
        let bytes = noise(len);
        let file = full(&bytes, &lock());
        assert_eq!(open(&file, 0, &keys()), (bytes, None), "{len}");
        assert_eq!(Front::read(&mut &file[..]).unwrap().file_bytes(), Some(file.len() as u64));
    }
}

/// A file whose part reaches to its end, written in pieces of `piece` bytes behind an open part.
fn streamed(bytes: &[u8], piece: usize) -> Vec<u8> {
    let beside = [Part { scale_log2: 3, bytes: b"small", lock: None }];
    let mut writer = SealedWriter::new(Vec::new(), &beside, &lock()).unwrap();
    bytes.chunks(piece).for_each(|piece| writer.write(piece).unwrap());
    writer.finish().unwrap()
}

fn opened(file: &[u8], index: usize) -> Opened<Cursor<&[u8]>> {
    let front = Front::read(&mut &file[..]).unwrap();
    let mut source = Cursor::new(file);
    source.seek(SeekFrom::Start(front.parts()[index].at)).unwrap();
    front.open(index, &keys(), source).unwrap()
}

#[test]
fn parts_to_the_end_of_the_file_come_back() {
    for (len, piece) in [
        (0, 1),
        (1, 1),
        (20_000, 333),
        (CHUNK_BYTES - 1, 5000),
        (CHUNK_BYTES, CHUNK_BYTES),
        (CHUNK_BYTES + 1, 1 << 20),
        (3 * CHUNK_BYTES, 70_000),
    ] {
        let bytes = noise(len);
        let file = streamed(&bytes, piece);
        assert_eq!(open(&file, 0, &Keys::new()), (b"small".to_vec(), None));
        assert_eq!(open(&file, 1, &keys()), (bytes.clone(), None), "{len}");
        let front = Front::read(&mut &file[..]).unwrap();
        assert_eq!((front.parts()[1].len_bytes, front.file_bytes()), (None, None));
        let mut opened = opened(&file, 1);
        assert_eq!(opened.seek(SeekFrom::End(0)).unwrap(), len as u64);
        opened.seek(SeekFrom::Start(len as u64 / 2)).unwrap();
        let mut half = Vec::new();
        opened.read_to_end(&mut half).unwrap();
        assert_eq!(half, bytes[len / 2..], "{len}");
        // A file that grew, and every kind of cut.
        assert!(open(&[&file[..], b"x"].concat(), 1, &keys()).1.is_some());
        let start = front.parts()[1].at as usize;
        let ends =
            (start..file.len()).filter(|at| (at - start).is_multiple_of(4099) || file.len() - at < 40);
        for end in ends.chain([start + CHECK_BYTES + CHUNK].into_iter().filter(|at| *at < file.len())) {
            let (out, error) = open(&file[..end], 1, &keys());
            assert!(error.is_some() && bytes.starts_with(&out), "{len} cut to {end}");
        }
    }
}

/// Read from the front on, then from other places, while the end is not known yet.
#[test]
fn parts_to_the_end_of_the_file_are_read_in_any_order() {
    let bytes = noise(7 * CHUNK_BYTES / 2);
    let file = streamed(&bytes, 10_000);
    for first in [1, 70_000, bytes.len()] {
        let mut opened = opened(&file, 1);
        let mut out = vec![0; first];
        opened.read_exact(&mut out).unwrap();
        assert!(out == bytes[..first]);
        for at in [3, 3 * CHUNK_BYTES + 9, CHUNK_BYTES, bytes.len()] {
            opened.seek(SeekFrom::Start(at as u64)).unwrap();
            let mut out = Vec::new();
            (&mut opened).take(70_000).read_to_end(&mut out).unwrap();
            assert!(out == bytes[at..bytes.len().min(at + 70_000)], "{first} {at}");
        }
    }
}

#[test]
fn changes_of_parts_to_the_end_of_the_file_are_refused() {
    let bytes = noise(2_000);
    let file = streamed(&bytes, 100);
    let start = front_len(&file) + 5;
    for bit in (5 * 8..(start - 9) * 8).chain(start * 8..file.len() * 8) {
        let mut flipped = file.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (out, error) = open(&with_right_checksum(flipped, start - 5), 1, &keys());
        assert!(error.is_some() && out.is_empty(), "bit {bit}");
    }
    let bytes = noise(3 * CHUNK_BYTES);
    let file = streamed(&bytes, 1 << 20);
    let start = front_len(&file) + 5 + CHECK_BYTES;
    for order in permutations(vec![0, 1, 2]).into_iter().chain([vec![0, 2], vec![2], vec![0, 1, 1, 2]]) {
        let chunks = order.iter().flat_map(|chunk| &file[start + chunk * CHUNK..][..CHUNK]);
        let moved: Vec<u8> = file[..start].iter().chain(chunks).copied().collect();
        assert_eq!(open(&moved, 1, &keys()).1.is_none(), order == [0, 1, 2], "{order:?}");
    }
}

/// The promise of docs/security.md: 20 kB, each bit turned.
#[test]
fn every_single_flipped_bit_is_refused() {
    let bytes = noise(20_000);
    let file = full(&bytes, &lock());
    let keys = keys();
    let mut flipped = file.clone();
    for bit in 0..file.len() * 8 {
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (out, error) = open(&flipped, 0, &keys);
        assert!(error.is_some() && out.is_empty(), "bit {bit}: {} bytes came out", out.len());
        flipped[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn a_front_that_was_changed_on_purpose_is_refused() {
    let file = full(&noise(2_000), &lock());
    let len = front_len(&file);
    let keys = keys();
    for bit in 5 * 8..(len - 4) * 8 {
        let mut flipped = file.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (out, error) = open(&with_right_checksum(flipped, len), 0, &keys);
        assert!(error.is_some() && out.is_empty(), "bit {bit}");
    }
}

/// All orders of `items`.
fn permutations(items: Vec<usize>) -> Vec<Vec<usize>> {
    if items.len() < 2 {
        return vec![items];
    }
    let heads = 0..items.len();
    let with_head = |head: usize| {
        let mut rest = items.clone();
        let first = rest.remove(head);
        permutations(rest).into_iter().map(move |tail| [vec![first], tail].concat())
    };
    heads.flat_map(with_head).collect()
}

#[test]
fn every_other_order_of_up_to_five_chunks_is_refused() {
    let keys = keys();
    for count in 2..=5 {
        let bytes = noise(count * CHUNK_BYTES);
        let file = full(&bytes, &lock());
        let start = front_len(&file) + CHECK_BYTES;
        let orders = permutations((0..count).collect());
        assert_eq!(orders.len(), (1..=count).product::<usize>());
        for order in orders {
            let mut moved = file[..start].to_vec();
            for from in &order {
                moved.extend_from_slice(&file[start + from * CHUNK..][..CHUNK]);
            }
            let (out, error) = open(&moved, 0, &keys);
            let right = order.iter().enumerate().take_while(|(at, from)| at == *from).count();
            assert_eq!(error.is_none(), right == count, "{order:?}");
            // Chunks before the first wrong one are authentic; of that one nothing comes out.
            assert_eq!(out, bytes[..right * CHUNK_BYTES], "{order:?}");
        }
    }
}

#[test]
fn chunks_that_are_left_out_or_repeated_are_refused() {
    let bytes = noise(3 * CHUNK_BYTES);
    let file = full(&bytes, &lock());
    let start = front_len(&file) + CHECK_BYTES;
    let chunk = |number: usize| &file[start + number * CHUNK..][..CHUNK];
    for order in [&[0, 1][..], &[0, 2], &[1, 2], &[0], &[], &[0, 0, 2], &[0, 1, 1], &[2, 2, 2]] {
        let chunks: Vec<u8> = order.iter().flat_map(|number| chunk(*number)).copied().collect();
        assert!(open(&[&file[..start], &chunks].concat(), 0, &keys()).1.is_some(), "{order:?}");
    }
}

#[test]
fn every_cut_is_refused() {
    let bytes = noise(CHUNK_BYTES + 900);
    let file = full(&bytes, &lock());
    let keys = keys();
    let all = (0..file.len()).filter(|len| *len < 1_200 || *len > file.len() - 1_200 || len % 97 == 0);
    for len in all {
        let (out, error) = open(&file[..len], 0, &keys);
        assert!(error.is_some(), "{len}");
        assert!(out.is_empty() || out == bytes[..CHUNK_BYTES], "{len}");
    }
}

#[test]
fn a_shorter_length_in_the_front_is_no_way_to_cut() {
    let file = full(&noise(2 * CHUNK_BYTES), &lock());
    let len = front_len(&file);
    // The last number of the front is the part's length, 131 072 in three bytes.
    assert_eq!(file[len - 7..len - 4], [0x80, 0x80, 0x08]);
    let mut cut = file[..len + CHECK_BYTES + CHUNK].to_vec();
    cut[len - 5] = 0x04;
    let (out, error) = open(&with_right_checksum(cut, len), 0, &keys());
    assert!(out.is_empty() && error.unwrap().contains("does not belong"));
}

#[test]
fn parts_of_two_files_do_not_mix_even_under_one_lock() {
    let lock = lock();
    let (a, b) = (full(&noise(900), &lock), full(&noise(900), &lock));
    let (len, other) = (front_len(&a), front_len(&b));
    assert_eq!((len, a.len()), (other, b.len()));
    let mixed = [&a[..len], &b[len..]].concat();
    assert!(open(&mixed, 0, &keys()).1.unwrap().contains("does not belong"));
    // The check of one with the chunks of the other.
    let mixed = [&a[..len + CHECK_BYTES], &b[len + CHECK_BYTES..]].concat();
    assert!(open(&mixed, 0, &keys()).1.unwrap().contains("chunk at byte"));
}

#[test]
fn an_open_part_is_bound_to_the_sealed_one() {
    let (small, large, lock) = (noise(300), noise(5_000), lock());
    let write = |small: &[u8]| {
        let parts = [
            Part { scale_log2: 3, bytes: small, lock: None },
            Part { scale_log2: 0, bytes: &large, lock: Some(&lock) },
        ];
        let mut file = Vec::new();
        write_sealed(&mut file, &parts).unwrap();
        file
    };
    let file = write(&small);
    assert_eq!(open(&file, 0, &Keys::new()), (small.clone(), None));
    assert_eq!(open(&file, 1, &keys()), (large.clone(), None));
    let len = front_len(&file);
    for bit in [0, 8 * 150 + 3, 8 * 300 - 1] {
        let mut flipped = file.clone();
        flipped[len + bit / 8] ^= 1 << (bit % 8);
        assert!(open(&flipped, 0, &Keys::new()).1.unwrap().contains("another hash"));
    }
    // Another preview with its own hash in the front: whoever has the key notices.
    let mut other = small.clone();
    other[0] ^= 1;
    let forged = write(&other);
    let spliced = [&forged[..len + small.len()], &file[len + small.len()..]].concat();
    assert_eq!(open(&spliced, 0, &Keys::new()), (other, None));
    assert!(open(&spliced, 1, &keys()).1.unwrap().contains("does not belong"));
}

#[test]
fn places_are_read_in_any_order() {
    let bytes = noise(5 * CHUNK_BYTES / 2);
    let file = full(&bytes, &lock());
    let front = Front::read(&mut &file[..]).unwrap();
    let mut source = Cursor::new(&file);
    source.seek(SeekFrom::Start(front.parts()[0].at)).unwrap();
    let mut opened = front.open(0, &keys(), source).unwrap();
    assert_eq!(opened.seek(SeekFrom::End(0)).unwrap(), bytes.len() as u64);
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..300 {
        let at = random.usize(..bytes.len() + 10);
        let len = random.usize(..2 * CHUNK_BYTES);
        let place = match random.u8(..3) {
            0 => SeekFrom::Start(at as u64),
            1 => SeekFrom::End(at as i64 - bytes.len() as i64),
            _ => SeekFrom::Current(at as i64 - opened.stream_position().unwrap() as i64),
        };
        assert_eq!(opened.seek(place).unwrap(), at as u64);
        let mut out = Vec::new();
        (&mut opened).take(len as u64).read_to_end(&mut out).unwrap();
        let expected = bytes.get(at..(at + len).min(bytes.len())).unwrap_or_default();
        assert!(out == expected, "{at} {len}");
    }
    assert!(opened.seek(SeekFrom::Current(-1 << 40)).is_err());
}

#[test]
fn a_damaged_chunk_does_not_close_the_others() {
    let bytes = noise(3 * CHUNK_BYTES);
    let mut file = full(&bytes, &lock());
    let start = front_len(&file) + CHECK_BYTES;
    file[start + CHUNK + 5] ^= 1;
    let front = Front::read(&mut &file[..]).unwrap();
    let mut source = Cursor::new(&file);
    source.seek(SeekFrom::Start(front.parts()[0].at)).unwrap();
    let mut opened = front.open(0, &keys(), source).unwrap();
    let mut out = vec![0; CHUNK_BYTES];
    opened.seek(SeekFrom::Start(2 * CHUNK_BYTES as u64)).unwrap();
    opened.read_exact(&mut out).unwrap();
    assert_eq!(out, bytes[2 * CHUNK_BYTES..]);
    opened.seek(SeekFrom::Start(CHUNK_BYTES as u64 + 9)).unwrap();
    let mut untouched = vec![7; 100];
    assert!(opened.read(&mut untouched).is_err());
    assert_eq!(untouched, [7; 100]);
    opened.seek(SeekFrom::Start(3)).unwrap();
    opened.read_exact(&mut out[..50]).unwrap();
    assert_eq!(out[..50], bytes[3..53]);
}

#[test]
fn wrong_keys_and_damage_are_told_apart() {
    let word = |text: &str| Keys::new().passphrase(Passphrase::new(text).unwrap());
    let file = full(b"secret", &Lock::for_passphrase(&Passphrase::new("right").unwrap(), 4).unwrap());
    assert_eq!(open(&file, 0, &word("right")), (b"secret".to_vec(), None));
    let says = |file: &[u8], keys: &Keys| open(file, 0, keys).1.unwrap();
    assert_eq!(says(&file, &word("wrong")), "wrong passphrase");
    assert!(says(&file, &Keys::new()).contains("passphrase opens it"));
    assert!(says(&file, &keys()).contains("wrong key: a passphrase opens"));
    let other = Keys::new().identities([Identity::generate().unwrap()]);
    let file = full(b"secret", &lock());
    assert!(says(&file, &other).contains("not sealed to any of the given"));
    assert!(says(&file, &word("right")).contains("wrong key: a secret key opens"));
    let mut damaged = file.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(says(&damaged, &keys()).contains("damaged or changed"));
    damaged[60] ^= 1;
    assert!(says(&damaged, &keys()).contains("checksum of its front"));
}

#[test]
fn a_batch_under_one_lock_costs_the_work_once() {
    let word = Passphrase::new("right").unwrap();
    let lock = Lock::for_passphrase(&word, 14).unwrap();
    let keys = Keys::new().passphrase(word);
    let files: Vec<Vec<u8>> = (0u8..40).map(|i| full(&[i; 50], &lock)).collect();
    let start = std::time::Instant::now();
    assert_eq!(open(&files[0], 0, &keys).0, [0; 50]);
    let first = start.elapsed();
    for (i, file) in files.iter().enumerate().skip(1) {
        assert_eq!(open(file, 0, &keys.clone()), (vec![i as u8; 50], None));
    }
    // 39 more would take 39 times as long; ten leaves room for a busy machine.
    assert!(start.elapsed() < 10 * first, "{:?} {first:?}", start.elapsed());
    let bodies: std::collections::BTreeSet<&[u8]> = files.iter().map(|f| &f[front_len(f)..]).collect();
    assert_eq!(bodies.len(), 40);
}

/// `testdata/seal/README.md` says who made these.
#[test]
fn envelopes_of_another_implementation_open() {
    let key: Vec<u8> = (0..32).collect();
    let by_keys = include_bytes!("../../../testdata/seal/keys.age");
    let by_word = include_bytes!("../../../testdata/seal/word.age");
    for keys in [keys(), Keys::new().identities([ssh_identity()])] {
        assert_eq!(keys.open(by_keys).unwrap()[..], key);
    }
    let word = |text: &str| Keys::new().passphrase(Passphrase::new(text).unwrap());
    assert_eq!(word("correct horse").open(by_word).unwrap()[..], key);
    assert!(
        word("correct horse")
            .work_max(17)
            .open(by_word)
            .is_err_and(|error| { matches!(error, SealError::Limit { max: 17, .. }) })
    );
    assert!(Keys::new().identities([Identity::generate().unwrap()]).open(by_keys).is_err());
}

#[test]
fn keys_come_back_from_their_texts() {
    let age = include_str!("../../../testdata/seal/age-key.pub");
    let ssh = include_str!("../../../testdata/seal/ssh-key.pub");
    assert_eq!(identity().recipient().unwrap().to_string(), age.trim());
    assert_eq!(ssh_identity().recipient().unwrap(), Recipient::parse(ssh).unwrap());
    assert!(ssh.starts_with(&Recipient::parse(ssh).unwrap().to_string()));
    assert_eq!(Recipient::parse_list(&format!("# two\n{age}\n{ssh}")).unwrap().len(), 2);
    let both = [Recipient::parse(age).unwrap(), Recipient::parse(ssh).unwrap()];
    let file = full(b"for two", &Lock::for_recipients(&both).unwrap());
    for identity in [identity(), ssh_identity()] {
        assert_eq!(open(&file, 0, &Keys::new().identities([identity])).0, b"for two");
    }
    for wrong in ["", "age1", "ssh-rsa AAAA", "ssh-ed25519 AAAA", "hello", &age[..20]] {
        assert!(Recipient::parse(wrong).is_err(), "{wrong}");
    }
    for wrong in ["", "AGE-SECRET-KEY-1QQQ", "-----BEGIN RSA PRIVATE KEY-----", "age1x"] {
        assert!(Identity::parse_list(wrong).is_err(), "{wrong}");
    }
    let generated = Identity::generate().unwrap();
    assert!(!format!("{generated:?}").contains(&generated.to_secret_text()[4..20]));
}

#[test]
fn signatures_are_those_of_ssh_keygen() {
    let key = SigningKey::parse(include_str!("../../../testdata/seal/ssh-key")).unwrap();
    let text = include_str!("../../../testdata/seal/age-key.pub.sig");
    let file = include_bytes!("../../../testdata/seal/age-key.pub");
    assert_eq!(key.sign(&mut &file[..]).unwrap().to_string(), text);
    let signature = Signature::parse(text).unwrap();
    signature.verify(&mut &file[..]).unwrap();
    let signer = Signer::parse(include_str!("../../../testdata/seal/ssh-key.pub")).unwrap();
    assert_eq!((signature.signer(), signer.to_string()), (&signer, key.signer().to_string()));
    assert!(signature.verify(&mut &file[1..]).is_err());
    // Any changed character: another signature, another key, or no signature at all.
    for at in 0..text.len() {
        let mut changed = text.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let parsed = Signature::parse(std::str::from_utf8(&changed).unwrap());
        let fits = parsed.is_ok_and(|s| s.signer() == &signer && s.verify(&mut &file[..]).is_ok());
        // A line's end may stand elsewhere.
        assert!(!fits || text.as_bytes()[at] == b'\n', "{at}");
    }
}

/// Ed, no encryption, B2, salt, limits; number, seed, point, checksum.
#[test]
fn minisign_keys_sign() {
    let seed = [9; 32];
    let point = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let secret = [&b"Ed\0\0B2"[..], &[0; 48], b"number!!", &seed, &point, &[0; 32]].concat();
    let public = [&b"Ednumber!!"[..], &point].concat();
    let text = |bytes: &[u8]| format!("untrusted comment: key\n{}\n", crate::primitives::base64(bytes));
    let key = SigningKey::parse(&text(&secret)).unwrap();
    let signer = Signer::parse(&text(&public)).unwrap();
    assert_eq!(key.signer(), signer);
    assert_eq!(Signer::parse(text(&public).lines().nth(1).unwrap()).unwrap(), signer);
    let signature = key.sign(&mut &b"file"[..]).unwrap();
    Signature::parse(&signature.to_string()).unwrap().verify(&mut &b"file"[..]).unwrap();
    let mut other = secret.clone();
    other[2..4].copy_from_slice(b"Xx");
    assert!(matches!(SigningKey::parse(&text(&other)), Err(SealError::Unsupported { .. })));
    let mut broken = secret;
    broken[100] ^= 1;
    assert!(SigningKey::parse(&text(&broken)).is_err());
}

/// `testdata/seal/README.md` says who made these.
const SSH_LOCKED: &[u8] = include_bytes!("../../../testdata/seal/ssh-key-locked");
const MINISIGN_LOCKED: &str = include_str!("../../../testdata/seal/minisign-locked.key");

/// Gives `word`, and counts.
fn given<'a>(word: &'a str, count: &'a mut u32) -> impl FnMut() -> Result<Passphrase, SealError> + 'a {
    move || {
        *count += 1;
        Passphrase::new(word)
    }
}

#[test]
fn keys_with_passphrases_of_their_own_open() {
    let age = include_bytes!("../../../testdata/seal/age-key-locked.age");
    let base64 = base64ct_lines(age);
    let armored =
        format!("-----BEGIN AGE ENCRYPTED FILE-----\n{base64}-----END AGE ENCRYPTED FILE-----\n");
    for (file, plain) in
        [(&age[..], identity()), (armored.as_bytes(), identity()), (SSH_LOCKED, ssh_identity())]
    {
        let mut asked = 0;
        let keys = Identity::parse_file(file, &mut given("correct horse", &mut asked)).unwrap();
        assert_eq!(keys[0].recipient().unwrap(), plain.recipient().unwrap());
        assert_eq!(asked, 1);
    }
    // What needs none does not ask.
    let mut asked = 0;
    let plain = include_bytes!("../../../testdata/seal/ssh-key");
    Identity::parse_file(plain, &mut given("x", &mut asked)).unwrap();
    assert_eq!(asked, 0);
    let wrong = Identity::parse_file(SSH_LOCKED, &mut given("wrong", &mut asked)).unwrap_err();
    assert!(matches!(wrong, SealError::Mismatch { .. }) && asked == 1, "{wrong}");
    let none = Identity::parse_list(std::str::from_utf8(SSH_LOCKED).unwrap()).unwrap_err();
    assert!(matches!(none, SealError::Misuse { .. }), "{none}");
}

fn base64ct_lines(bytes: &[u8]) -> String {
    let text: Vec<char> = crate::primitives::base64(bytes).chars().collect();
    text.chunks(64).map(|line| format!("{}\n", line.iter().collect::<String>())).collect()
}

#[test]
fn locked_keys_sign() {
    let ssh = std::str::from_utf8(SSH_LOCKED).unwrap();
    let plain = SigningKey::parse(include_str!("../../../testdata/seal/ssh-key")).unwrap();
    let mut asked = 0;
    let key = SigningKey::parse_locked(ssh, &mut given("correct horse", &mut asked)).unwrap();
    assert_eq!(key.signer(), plain.signer());
    let public = Signer::parse(include_str!("../../../testdata/seal/minisign.pub")).unwrap();
    let key =
        SigningKey::parse_locked(MINISIGN_LOCKED, &mut given("correct horse", &mut asked)).unwrap();
    assert_eq!(key.signer(), public);
    for locked in [ssh, MINISIGN_LOCKED] {
        let wrong = SigningKey::parse_locked(locked, &mut given("wrong", &mut asked)).unwrap_err();
        assert!(matches!(wrong, SealError::Mismatch { .. }), "{wrong}");
    }
}

/// Keys that would take all memory, or hours, to try one passphrase.
#[test]
fn locked_keys_that_ask_for_much_are_refused_before_anybody_is_asked() {
    let start = std::time::Instant::now();
    let mut asked = 0;
    let mut ask = given("correct horse", &mut asked);
    let body = MINISIGN_LOCKED.lines().nth(1).unwrap().trim_end_matches('=');
    let mut minisign = crate::primitives::from_base64(body).unwrap();
    minisign[46..54].fill(0xff);
    let text = format!("untrusted comment: key\n{}\n", crate::primitives::base64(&minisign));
    assert!(matches!(SigningKey::parse_locked(&text, &mut ask), Err(SealError::Limit { .. })));

    let text = std::str::from_utf8(SSH_LOCKED).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let mut ssh = crate::primitives::from_base64(body.trim_end_matches('=')).unwrap();
    // Magic, cipher, bcrypt, length of the options, length and bytes of the salt; then the rounds.
    let rounds = 15 + (4 + 10) + (4 + 6) + 4 + (4 + 16);
    assert_eq!(ssh[rounds..rounds + 2], [0, 0]);
    ssh[rounds] = 0x7f;
    let text = format!(
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
        crate::primitives::base64(&ssh)
    );
    assert!(matches!(Identity::parse_file(text.as_bytes(), &mut ask), Err(SealError::Limit { .. })));
    let age = include_bytes!("../../../testdata/seal/age-key-locked.age");
    let text = String::from_utf8_lossy(&age[..60]).replace(" 19", " 40");
    let file = [text.as_bytes(), &age[text.len()..]].concat();
    assert!(matches!(Identity::parse_file(&file, &mut ask), Err(SealError::Limit { .. })));
    drop(ask);
    assert_eq!(asked, 0);
    assert!(start.elapsed().as_millis() < 500);
}

/// Points of small order make a shared secret that everybody knows.
#[test]
fn keys_of_small_order_are_refused() {
    for point in [[0; 32], std::array::from_fn(|i| u8::from(i == 0))] {
        let recipient = Recipient(crate::recipient::Key::Age(point));
        assert!(Lock::for_recipients(&[recipient]).is_err());
    }
}

/// The worked example of docs/format/seal.md, byte for byte.
#[test]
fn the_worked_example_of_the_format_document() {
    let document = include_str!("../../../docs/format/seal.md");
    let block = document.split("```hex\n").nth(1).unwrap().split("```").next().unwrap();
    let words = block.lines().flat_map(|line| line.split('#').next().unwrap().split_whitespace());
    let documented: Vec<u8> = words.map(|word| u8::from_str_radix(word, 16).unwrap()).collect();

    let key = Zeroizing::new(std::array::from_fn(|i| i as u8));
    let envelope = include_bytes!("../../../testdata/seal/word.age").to_vec();
    let lock = Lock { key, envelope };
    let parts = [
        Part { scale_log2: 3, bytes: b"small", lock: None },
        Part { scale_log2: 0, bytes: b"large picture", lock: Some(&lock) },
    ];
    let mut file = Vec::new();
    write_with_salt(&mut file, &parts, &Zeroizing::new([0xaa; 32])).unwrap();
    let text: String = file.chunks(16).map(|row| format!("{}\n", hex(row))).collect();
    assert_eq!(file, documented, "{text}");
    let keys = Keys::new().passphrase(Passphrase::new("correct horse").unwrap());
    assert_eq!(open(&file, 1, &keys), (b"large picture".to_vec(), None));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn fronts_that_ask_for_much_are_refused_at_once() {
    let start = std::time::Instant::now();
    let huge = [&b"\x89TIN\x03"[..], &[0xff; 8], &[0x7f]].concat();
    assert!(matches!(Front::read(&mut &huge[..]), Err(SealError::Limit { .. })));
    let many = [&b"\x89TIN\x03\xa4\x06"[..], &[0xff; 900]].concat();
    let many = with_right_checksum(many[..7 + 804 + 4].to_vec(), 7 + 804 + 4);
    assert!(Front::read(&mut &many[..]).is_err());
    // Work of 2^63.
    let text = "age-encryption.org/v1\n-> scrypt GpEKYXaTCXhZsEv9EoXlqA 63\n";
    let body = "ncewVjra8hldcqLRTQ39JAJvDYezyhLMZZuzS7O+VZpc\n".split_at(1).1;
    let code = "--- rafVnWWS1deRW9s30mhT2f+x+C/jK6VFs93x9i1184s\n";
    let envelope = [text.as_bytes(), body.as_bytes(), code.as_bytes(), &[0; 64]].concat();
    let keys = Keys::new().passphrase(Passphrase::new("x").unwrap());
    assert!(matches!(keys.open(&envelope), Err(SealError::Limit { .. })));
    assert!(start.elapsed().as_millis() < 500);
}

proptest! {
    #[test]
    fn any_bytes_are_a_front_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Front::read(&mut &bytes[..]);
        let mut file = b"\x89TIN\x03".to_vec();
        tintype_container::write_varint(&mut file, bytes.len() as u64);
        file.extend_from_slice(&bytes);
        file.extend_from_slice(&crc_32c(&file).to_le_bytes());
        if let Ok(front) = Front::read(&mut &file[..]) {
            for index in 0..front.parts().len() {
                let _ = front.open(index, &keys(), &bytes[..]);
            }
        }
    }

    #[test]
    fn any_text_is_a_key_or_refused(text in "\\PC{0,200}") {
        let _ = Recipient::parse_list(&text);
        let _ = Identity::parse_list(&text);
        let _ = Identity::parse_list(&format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{text}"));
    }

    #[test]
    fn a_changed_envelope_never_panics(at in 0usize..600, with in any::<u8>()) {
        let mut envelope = include_bytes!("../../../testdata/seal/keys.age").to_vec();
        let len = envelope.len();
        envelope[at % len] ^= with;
        let opened = keys().open(&envelope);
        prop_assert!(opened.is_err() || with == 0 || opened.unwrap()[..] == (0..32).collect::<Vec<u8>>()[..]);
    }
}
