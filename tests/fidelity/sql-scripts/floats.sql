select 1e0, 1e7, 1e-3, 1e-4, 123456789.125D, 1.0f, 3.4028235E38f, float('1e-45');
select double('NaN'), double('Infinity'), double('-Infinity'), -0.0D, 0.0D;
select 1/3, float(1)/3, 0.1D + 0.2D, pi(), e();
