//! Every codec of this build passes the one contract.

use tintype_codec::contract::check;

/// The pictures that a codec declines, by codec; all others take every picture.
const REFUSED: [(&str, &[&str]); 0] = [];

fn check_named(name: &str) {
    let id = tintype::codec::named(name).expect("a codec of this name");
    let codec = tintype::codec_of_build(id).expect("it is built in");
    let refused = REFUSED.iter().find(|(codec, _)| *codec == name).map_or(&[][..], |(_, list)| list);
    check(codec, refused);
}

macro_rules! contract {
    ($($name:ident),*) => {$(
        #[test]
        fn $name() {
            check_named(stringify!($name));
        }
    )*};
}

contract!(wavelet, lossless, cluster, photo, sparse, neural, planes);

#[test]
fn no_codec_is_left_out() {
    let names: Vec<&str> = tintype::codec::built_in().map(|id| id.name()).collect();
    assert_eq!(names, ["wavelet", "lossless", "cluster", "photo", "sparse", "neural", "planes"]);
}
