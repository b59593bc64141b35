//! Decodes a picture again and again on one thread: `cluster_speed MODEL STEP COUNT FILE`; prints the best megapixels a second.

use tintype_codec::cluster::fitting::{Contexts, Header, TileEncoder, header_for};
use tintype_codec::cluster::{ClusterCodec, ClusterModel};
use tintype_codec::{Codec, DecodeRequest, Payload, Run, Section, SectionKey};
use tintype_image::{Limits, Threads, io::read_picture};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&args[1])?;
    let (model, base, count): (_, f32, usize) = (ClusterModel::from_bytes(&bytes)?, args[2].parse()?, args[3].parse()?);
    let source = read_picture(&std::fs::read(&args[4])?, &Limits::default())?.planes;
    let run = Run { threads: Threads::ONE, ..Run::default() };
    let header = Header { model_hash: model.hash, ..header_for(&source.shape, base, true) };
    let mut contexts = Contexts::new(&model.trees, &model.start);
    let encoder = TileEncoder { model: &model, header: &header, effort: 5, level: run.level };
    let layers = encoder.encode(&source, &mut contexts, &mut |_| {}).layers;
    let size: usize = layers.iter().map(Vec::len).sum();
    let section = |(layer, bytes)| Section { key: SectionKey { tile: 0, layer: layer as u32 }, bytes };
    let payload = Payload {
        header: header.to_bytes(),
        sections: layers.into_iter().enumerate().map(|(layer, bytes)| section((layer, bytes))).collect(),
    };
    let codec = ClusterCodec::with_model(ClusterModel::from_bytes(&bytes)?);
    let mut best = f64::INFINITY;
    for _ in 0..count {
        let started = std::time::Instant::now();
        codec.decode(&source.shape, &payload.view(), &DecodeRequest::default(), &run)?;
        best = best.min(started.elapsed().as_secs_f64());
    }
    let area = (source.shape.width_px * source.shape.height_px) as f64;
    let (bpp, speed) = (size as f64 * 8.0 / area, area / 1e6 / best);
    println!("{bpp:.3} bpp, {speed:.1} MP/s, {:.2} ms/MP", 1000.0 / speed);
    Ok(())
}
